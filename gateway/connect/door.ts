// Who may use the sidecar: programs of this run, and nothing that a browser was lured into sending.
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";

/** Throws where a request is not let in. */
export type Door = (incoming: IncomingMessage) => void;

/** What is passed on: the data routes of the gateway, of its default connection or another one. */
const PATH = /^\/(?:c\/[^/?#]+\/)?v1(?:[/?]|$)/;
/** A path that a server on the way could read as another one. */
const CLIMBS = /[\\#]|(?:^|\/)(?:\.|%2e){1,2}(?:[/?]|$)|%2f|%5c/i;

/**
 * Makes the door of a sidecar. `key` is what programs show in place of a token, `port` where it listens; null: a socket
 * that only its owner can open, which has no name to be called by.
 */
export function createDoor(key: string | null, port: number | null): Door {
  const wanted = key === null ? null : digest(`Bearer ${key}`);
  const hosts = new Set(["127.0.0.1", "localhost", "[::1]"].map((host) => `${host}:${port}`));
  return ({ headers, url = "" }) => {
    // A page whose name was made to lead here (DNS rebinding) asks for its own name.
    if (port !== null && !hosts.has(headers.host ?? ""))
      throw new GatewayError("local_only", "This host's name is not the sidecar's.");
    if (headers.origin !== undefined)
      throw new GatewayError("local_only", "The sidecar serves programs, not pages in a browser.");
    if (wanted !== null) requireKey(headers.authorization, wanted);
    const path = url.split("?", 1)[0] ?? "";
    if (!PATH.test(url) || CLIMBS.test(path))
      throw new GatewayError("operation_unknown", "The sidecar passes on what begins with /v1/ alone.");
  };
}

function requireKey(shown: string | undefined, wanted: Buffer): void {
  if (shown === undefined)
    throw new GatewayError("token_missing", "The sidecar wants the key of its run as OPENAI_API_KEY.");
  if (!timingSafeEqual(digest(shown), wanted))
    throw new GatewayError("token_invalid", "This is not the key of the sidecar's run.");
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
