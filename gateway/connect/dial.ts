// Sends a program's request to the gateway with a fresh token, once more where the gateway says that it had expired.
import { request as requestPlain } from "node:http";
import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import type { Duplex } from "node:stream";
import { GatewayError } from "../errors.ts";
import type { TokenSource } from "../oauth-client/token-source.ts";
import { toGatewayHeaders } from "./headers.ts";

export type DialDeps = {
  /** The gateway's URL, without `/v1`. */
  readonly gateway: URL;
  readonly tokens: TokenSource;
  readonly agent: Agent;
};

/** What is sent: a body that is whole can be sent again. */
export type Dialing = {
  readonly incoming: IncomingMessage;
  readonly body: Buffer | Readable;
  /** Headers of the body, or of the upgrade, in a flat list. */
  readonly headers: readonly string[];
  readonly onInformation: (status: number) => void;
  /** The program left. */
  readonly signal: AbortSignal;
};

/** The gateway's answer, or the connection that it has switched to another protocol. */
export type Dialed = {
  readonly answer: IncomingMessage;
  readonly switched: { readonly socket: Duplex; readonly head: Buffer } | null;
};

/** Calls the gateway. Rejects with `gateway_unreachable`, and with what the source of tokens rejects with. */
export async function dial(deps: DialDeps, dialing: Dialing): Promise<Dialed> {
  const token = await deps.tokens.get();
  const dialed = await send(deps, dialing, token);
  if (!isExpired(dialed.answer)) return dialed;
  const fresh = await deps.tokens.replace(token);
  // The SDKs send a body that is gone themselves once more, since the gateway says so.
  if (!Buffer.isBuffer(dialing.body)) return dialed;
  dialed.answer.resume();
  return send(deps, dialing, fresh);
}

function isExpired({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 401 && headers["x-should-retry"] === "true";
}

function send({ gateway, agent }: DialDeps, dialing: Dialing, token: string): Promise<Dialed> {
  const { incoming, body, headers, signal } = dialing;
  const options: RequestOptions = {
    agent,
    method: incoming.method ?? "GET",
    // As it came: a parsed URL would be written anew.
    path: gateway.pathname.replace(/\/$/, "") + (incoming.url ?? ""),
    headers: toGatewayHeaders(incoming.rawHeaders, gateway.host, token, headers),
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = gateway.protocol === "https:" ? requestSecure : requestPlain;
    const outgoing = request(gateway, options);
    outgoing.on("error", (cause) =>
      reject(new GatewayError("gateway_unreachable", "The gateway could not be reached.", { cause })),
    );
    outgoing.on("information", ({ statusCode }) => dialing.onInformation(statusCode));
    outgoing.once("response", (answer) => resolve({ answer, switched: null }));
    outgoing.once("upgrade", (answer, socket, head) => resolve({ answer, switched: { socket, head } }));
    if (Buffer.isBuffer(body)) outgoing.end(body);
    else pipeline(body, outgoing, () => undefined);
  });
}
