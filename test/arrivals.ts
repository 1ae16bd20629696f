// Watches what arrives at a server of this process, and whether its answer went out whole or its caller left.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";

/** One request as the server saw it. */
export type Arrival = {
  readonly method: string;
  readonly url: string;
  /** `left`: the connection closed before the answer had gone out whole. */
  readonly end: "open" | "whole" | "left";
};

const CHANNEL = "http.server.request.start";
const started = z.object({ request: z.instanceof(IncomingMessage), response: z.instanceof(ServerResponse) });

/** Watches the server on this port until it is disposed of. */
export function watchArrivals(port: number): Disposable & { readonly arrivals: readonly Arrival[] } {
  const arrivals: Arrival[] = [];
  const listener = (message: unknown): void => {
    const { request, response } = started.parse(message);
    if (request.socket.localPort !== port) return;
    const index = arrivals.length;
    const arrival = { method: request.method ?? "", url: request.url ?? "", end: "open" as const };
    arrivals.push(arrival);
    response.once("close", () => {
      arrivals[index] = { ...arrival, end: response.writableFinished ? "whole" : "left" };
    });
  };
  subscribe(CHANNEL, listener);
  return { arrivals, [Symbol.dispose]: () => void unsubscribe(CHANNEL, listener) };
}
