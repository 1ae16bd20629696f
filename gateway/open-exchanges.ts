// The exchanges whose answers are under way, so that one can be ended before its time.
import type { GatewayError } from "./errors.ts";
import type { Caller } from "./exchange.ts";
import { createRoster } from "./roster.ts";

export type OpenExchange = {
  readonly caller: Caller;
  /** The connection's name. */
  readonly connection: string;
  /** Ends the answer with the error, as the caller can still be told. */
  fail(error: GatewayError): void;
};

/** Those of some callers, or over one connection. */
export type WhichExchanges = { readonly isOf: (caller: Caller) => boolean } | { readonly connection: string };

export type OpenExchanges = {
  /** Adds an exchange; what it gives takes it out again. */
  add(exchange: OpenExchange): () => void;
  /** Ends all, or some of them. */
  end(error: GatewayError, which?: WhichExchanges): void;
};

/** Makes the list of one process. */
export function createOpenExchanges(): OpenExchanges {
  const open = createRoster<OpenExchange>();
  return {
    add: (exchange) => open.add(exchange),
    end(error, which) {
      open.visit((exchange) => {
        if (isMeant(exchange, which)) exchange.fail(error);
      });
    },
  };
}

/** Says whether an exchange is one of those; without a word of which, each is. */
export function isMeant(
  exchange: Pick<OpenExchange, "caller" | "connection">,
  which?: WhichExchanges,
): boolean {
  if (which === undefined) return true;
  return "connection" in which ? exchange.connection === which.connection : which.isOf(exchange.caller);
}
