// The exchanges whose answers are under way, so that one can be ended before its time.
import type { GatewayError } from "./errors.ts";
import { createRoster } from "./roster.ts";

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
  const open = createRoster<OpenExchange>();
  return {
    add: (exchange) => open.add(exchange),
    end(error, credentialId) {
      open.visit((exchange) => {
        if (credentialId === undefined || exchange.credentialId === credentialId) exchange.fail(error);
      });
    },
  };
}
