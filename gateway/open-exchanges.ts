// The exchanges whose answers are under way, so that one can be ended before its time.
import type { GatewayError } from "./errors.ts";

export type OpenExchange = {
  readonly credentialId: string;
  /** Ends the answer with the error, as the caller can still be told. */
  fail(error: GatewayError): void;
};

export type OpenExchanges = {
  /** Adds an exchange; what it gives takes it out again. */
  add(exchange: OpenExchange): () => void;
  /** Ends all, or those of one credential. */
  end(error: GatewayError, credentialId?: string): void;
};

/** Makes the list of one process. */
export function createOpenExchanges(): OpenExchanges {
  const open = new Set<OpenExchange>();
  return {
    add(exchange) {
      open.add(exchange);
      return () => open.delete(exchange);
    },
    end(error, credentialId) {
      for (const exchange of open) {
        if (credentialId === undefined || exchange.credentialId === credentialId) exchange.fail(error);
      }
    },
  };
}
