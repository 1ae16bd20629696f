// Relays calls of a program to the gateway and their answers back, as they come, and connects WebSockets.
import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { pipeline } from "node:stream";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { GatewayError } from "../errors.ts";
import type { DialDeps, Dialed, Dialing } from "./dial.ts";
import { dial } from "./dial.ts";
import type { Door } from "./door.ts";
import { toProgramHeaders } from "./headers.ts";
import { refuse } from "./refuse.ts";

export type Relay = {
  /** Takes a request; never rejects. */
  answer(incoming: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Takes a request for a WebSocket; never rejects. */
  upgrade(incoming: IncomingMessage, raw: Duplex, head: Buffer): Promise<void>;
};

/** A body up to here is kept until the gateway has answered, so that it can be sent again. */
const KEPT_BYTES = 1024 * 1024;
const NO_BODY = Buffer.alloc(0);
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** Makes the relay. */
export function createRelay(deps: DialDeps, door: Door): Relay {
  return {
    async answer(incoming, response) {
      const left = new AbortController();
      response.once("close", () => left.abort());
      try {
        door(incoming);
        const { answer } = await dial(deps, {
          ...(await readBody(incoming)),
          // Signs of life: the SDKs would give up on an answer that is long in coming.
          onInformation: (status) => void (status === 102 && response.writeProcessing()),
          signal: left.signal,
        });
        response.writeHead(answer.statusCode ?? 502, toProgramHeaders(answer.rawHeaders));
        response.flushHeaders();
        // What breaks off reaches the program as broken off.
        pipeline(answer, response, () => undefined);
      } catch (error) {
        refuse(response, error);
      }
    },
    async upgrade(incoming, raw, head) {
      const left = new AbortController();
      raw.on("error", () => undefined);
      raw.once("close", () => left.abort());
      const response = toResponse(incoming, raw);
      try {
        door(incoming);
        const { answer, switched } = await dial(deps, {
          incoming,
          body: NO_BODY,
          headers: ["connection", "Upgrade", "upgrade", incoming.headers.upgrade ?? ""],
          onInformation: () => undefined,
          signal: left.signal,
        });
        if (switched === null) {
          const headers = [...toProgramHeaders(answer.rawHeaders), "connection", "close"];
          response.writeHead(answer.statusCode ?? 502, headers);
          pipeline(answer, response, () => undefined);
          return;
        }
        if (raw instanceof Socket) response.detachSocket(raw);
        raw.write(toSwitchingHead(answer.rawHeaders));
        join(raw, head, switched);
      } catch (error) {
        refuse(response, error);
      }
    },
  };
}

/** Gives a request's body: whole where it is short, else as it comes. */
async function readBody(incoming: IncomingMessage): Promise<Pick<Dialing, "incoming" | "body" | "headers">> {
  const { method = "GET", headers } = incoming;
  const { "content-length": length, "transfer-encoding": coding } = headers;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked")
      throw new GatewayError("body_encoding_unsupported", "The one transfer coding is chunked.");
    return { incoming, body: incoming, headers: ["transfer-encoding", "chunked"] };
  }
  if (Number(length ?? 0) > KEPT_BYTES) return { incoming, body: incoming, headers: [] };
  const isTold = length !== undefined || WITHOUT_BODY.has(method);
  return { incoming, body: await buffer(incoming), headers: isTold ? [] : ["content-length", "0"] };
}

/** An answer on the connection of an upgrade, for as long as it is none. */
function toResponse(incoming: IncomingMessage, raw: Duplex): ServerResponse {
  const response = new ServerResponse(incoming);
  response.shouldKeepAlive = false;
  if (raw instanceof Socket) response.assignSocket(raw);
  response.once("finish", () => raw.end());
  return response;
}

function toSwitchingHead(raw: readonly string[]): string {
  let head = "HTTP/1.1 101 Switching Protocols\r\n";
  for (let at = 0; at + 1 < raw.length; at += 2) head += `${raw[at]}: ${raw[at + 1]}\r\n`;
  return `${head}\r\n`;
}

/** Lets both sides speak, until either ends. */
function join(raw: Duplex, head: Buffer, { socket, head: first }: NonNullable<Dialed["switched"]>): void {
  if (first.length > 0) raw.write(first);
  if (head.length > 0) socket.write(head);
  pipeline(raw, socket, raw, () => {
    raw.destroy();
    socket.destroy();
  });
}
