// Waits on this machine for the browser to come back from an issuer (RFC 8252, section 7.3).
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { NoTokenError } from "./no-token-error.ts";

/** The browser's return: the URL with the issuer's answer, and the way to tell its user what came of it. */
export type Returned = { readonly url: URL; readonly tell: (isDone: boolean) => Promise<void> };

export type BrowserReturn = {
  /** The redirect URI, with the port that was found. */
  readonly redirectUri: string;
  /** Resolves when the browser comes with the state that it left with; rejects when the signal ends the wait. */
  readonly returned: Promise<Returned>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Listens for it. Throws `NoTokenError` where the port of the URI is taken. */
export async function listenForBrowser(
  uri: string,
  state: string,
  signal: AbortSignal,
): Promise<BrowserReturn> {
  const expected = new URL(uri);
  const { promise: returned, resolve, reject } = Promise.withResolvers<Returned>();
  const server = createServer((incoming, response) => {
    const url = toUrl(incoming, expected);
    // Any page can send a browser here; only the issuer knows the state.
    if (url === null || url.searchParams.get("state") !== state) void show(response, 404, "Nothing is here.");
    else resolve({ url, tell: (isDone) => show(response, 200, isDone ? DONE : FAILED) });
  });
  server.listen(Number(expected.port), "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw new NoTokenError(`The port of ${uri}, where the browser comes back to, can't be had.`, { cause });
  });
  const address = server.address();
  if (expected.port === "" && typeof address === "object") expected.port = String(address?.port);
  const giveUp = (): void => reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  // Who never gets to wait is not to fail for it.
  returned.catch(() => undefined);
  return {
    redirectUri: expected.href,
    returned,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", giveUp);
      server.close();
      server.closeAllConnections();
    },
  };
}

const DONE = "You are signed in. This window can be closed.";
const FAILED = "The sign-in has failed; the terminal says why. This window can be closed.";

function toUrl({ method, url = "" }: IncomingMessage, expected: URL): URL | null {
  if (method !== "GET" || !url.startsWith("/") || !URL.canParse(url, expected.href)) return null;
  const asked = new URL(url, expected);
  return asked.origin === expected.origin && asked.pathname === expected.pathname ? asked : null;
}

async function show(response: ServerResponse, status: number, words: string): Promise<void> {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  const gone = once(response, "close");
  response.end(`${words}\n`);
  await gone;
}
