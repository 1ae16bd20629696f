// The simulated OpenAI upstream: an HTTP server that answers from scripts in the prompt, so that nothing needs a key.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { createApi } from "./api/entries.ts";
import type { ApiDeps } from "./call.ts";
import { createNonceSource } from "./ids.ts";
import { isObject, parseText } from "./read-json.ts";
import { createRouter } from "./router.ts";
import { sendJson } from "./send.ts";
import { serveSockets } from "./sockets.ts";

/** A request as it arrived, for tests: of a WebSocket (`WS`) its opening, then each message as a body. */
export type SeenRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** What a simulator may be told. */
export type SimulatorOptions = {
  /** The bearer credential that every request must carry; absent: any. */
  readonly credential?: string;
  /** The credential that the calls of administration must carry; absent: `credential`. */
  readonly adminCredential?: string;
  /** Keep the last requests for `requests()`. */
  readonly inspect?: boolean;
  /** Makes ids repeatable from run to run. */
  readonly seed?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told of faults of the simulator itself, by name only. */
  readonly log?: (event: { readonly name: string }) => void;
};

/** The simulated upstream. */
export type Simulator = {
  /** Starts to listen; `url` is the API's base URL, with `/v1`. Port 0 takes a free one. */
  listen(port: number, host: string): Promise<{ readonly url: string }>;
  /** Stops at once, open answers included. */
  close(): Promise<void>;
  /** The newest requests, oldest first; empty unless created with `inspect`. */
  requests(): readonly SeenRequest[];
};

/** A file of 512 MB and what a form puts around it. */
const BODY_LIMIT = 513 * 1024 * 1024;
const SEEN_LIMIT = 1000;
const SEEN_BYTES = 256 * 1024 * 1024;
/** Marks the calls that a batch makes. */
const SELF_HEADER = "x-simulated-self";

/** Creates a simulator with an empty store. It keeps nothing on disk. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const now = options.now ?? Date.now;
  const adminCredential = options.adminCredential ?? options.credential;
  const nextNonce = createNonceSource(options.seed ?? null);
  const api = createApi({ nextNonce, now, callSelf });
  const find = createRouter(api.entries);
  const seen: SeenRequest[] = [];
  let seenBytes = 0;
  let self: string | null = null;

  /** Calls this server over the loopback, so that what a batch gets is what anybody would get. */
  async function callSelf(method: string, path: string, body: JsonObject): ReturnType<ApiDeps["callSelf"]> {
    if (self === null) throw new ApiError(500, "The simulator does not listen.");
    const answer = await fetch(self + path, {
      method,
      headers: { authorization: `Bearer ${options.credential ?? "self"}`, [SELF_HEADER]: "true" },
      body: JSON.stringify(body),
    });
    const value = parseText(await answer.text());
    const requestId = answer.headers.get("x-request-id") ?? "";
    return { status: answer.status, requestId, body: isObject(value) ? value : {} };
  }

  function remember(request: IncomingMessage, body: Buffer, method = request.method ?? ""): void {
    if (options.inspect !== true || request.headers[SELF_HEADER] !== undefined) return;
    seen.push({ method, url: request.url ?? "", headers: request.headers, body });
    seenBytes += body.length;
    while (seen.length > SEEN_LIMIT || (seenBytes > SEEN_BYTES && seen.length > 1))
      seenBytes -= seen.shift()?.body.length ?? 0;
  }

  async function readBody(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request) {
      const bytes: Buffer = chunk;
      length += bytes.length;
      if (length > BODY_LIMIT) throw new ApiError(413, "The request is too large.");
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.once("close", () => left.abort());
    const exchange = { request, response, signal: left.signal };
    response.setHeader("x-tollgate-simulated", "true");
    response.setHeader("x-request-id", `req_${randomBytes(16).toString("hex")}`);
    response.setHeader("openai-version", "2020-10-01");
    response.setHeader("openai-organization", "simulated");
    response.setHeader("openai-processing-ms", "1");
    response.setHeader("x-ratelimit-limit-requests", "10000");
    response.setHeader("x-ratelimit-remaining-requests", "9999");
    response.setHeader("set-cookie", "simulated=1; path=/; HttpOnly");
    try {
      const body = await readBody(request);
      remember(request, body);
      const url = new URL(request.url ?? "/", "http://simulated");
      const path = url.pathname.replace(/^\/v1(?=\/)/, "");
      checkCredential(request, isAdminPath(path) ? adminCredential : options.credential);
      const method = request.method ?? "GET";
      const { handle, params } = find(method, path);
      await handle({ exchange, method, path, params, query: url.searchParams, bytes: body });
    } catch (thrown) {
      if (left.signal.aborted) return;
      const error = thrown instanceof ApiError ? thrown : new ApiError(500, "The simulator failed.");
      if (error !== thrown) options.log?.({ name: "simulator_failed" });
      if (response.headersSent) response.destroy();
      else sendJson(exchange, error.status, error.body, error.headers);
    }
  }

  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) => {
    void serve(request, response);
  });

  const sockets = serveSockets(
    server,
    api.sockets,
    (request) => checkCredential(request, options.credential),
    (request, body) => remember(request, body, "WS"),
  );

  return {
    async listen(port, host) {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, resolve);
      });
      const address = server.address();
      const at = typeof address === "object" && address !== null ? address.port : port;
      const url = `http://${host.includes(":") ? `[${host}]` : host}:${at}/v1`;
      self = url;
      return { url };
    },
    async close() {
      if (!server.listening) return;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        sockets.close();
      });
    },
    requests: () => [...seen],
  };
}

function checkCredential(request: IncomingMessage, credential: string | undefined): void {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) {
    throw new ApiError(401, "You didn't provide an API key.", { type: "invalid_request_error" });
  }
  if (credential === undefined) return;
  const wanted = Buffer.from(credential);
  const bytes = Buffer.from(given);
  if (wanted.length === bytes.length && timingSafeEqual(wanted, bytes)) return;
  throw new ApiError(401, "Incorrect API key provided.", { code: "invalid_api_key" });
}

/** Tells whether a path is one of those that want the organization's admin key. */
function isAdminPath(path: string): boolean {
  return /^\/(?:organization|projects|fine_tuning\/checkpoints)(?:\/|$)/.test(path);
}
