// Shows originals of masked values, each time durably written down before.
import type { Database } from "../../db/client.ts";
import { findOriginals, insertRefused, insertShown } from "../../db/queries/reveals.ts";
import type { NewReveal, SealedOriginal } from "../../db/queries/reveals.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { ask } from "./ledger.ts";
import { toOriginalPlace } from "./originals.ts";
import type { Box } from "./seal.ts";

/** Who asks for the originals of which exchange, in which, and why. */
export type AskedReveal = {
  /** The exchange in which it is asked. */
  readonly id: string;
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly exchangeId: string | null;
  /** Masked; null where none was given. */
  readonly reason: string | null;
};

/** A value as it was, and where it stood. */
export type Original = Omit<SealedOriginal, "exchangeId" | "sealed" | "keyId"> & {
  readonly original: string;
};

export type Reveals = {
  /**
   * Gives the originals once it is durable who gets them. Throws `not_found`, `originals_absent`, `originals_expired`,
   * `originals_unreadable`, `reveal_limit` or `record_unavailable`.
   */
  show(asked: AskedReveal & { readonly exchangeId: string }): Promise<readonly Original[]>;
  /** Makes durable that originals were refused. */
  refused(asked: AskedReveal, code: string): Promise<void>;
};

/** Makes the door to the originals of this database. */
export function createReveals(deps: {
  readonly db: Database;
  readonly originals: Pick<Box, "open">;
  readonly keptMs: number;
  /** So often in an hour a caller may have originals shown. */
  readonly perHour: number;
}): Reveals {
  const { db, originals, keptMs, perHour } = deps;

  function open({ sealed, keyId, exchangeId, ...line }: SealedOriginal): Original {
    try {
      const original = originals.open({ sealed, keyId }, toOriginalPlace({ exchangeId, ...line }));
      return { ...line, original };
    } catch (cause) {
      throw new GatewayError("originals_unreadable", "An original could not be opened; none is shown.", {
        cause,
      });
    }
  }

  return {
    async show(asked) {
      const { exchangeId, caller } = asked;
      const since = new Date(Date.now() - keptMs);
      const { tenant } = caller;
      const found = await ask(findOriginals(db, { tenant, exchangeId }, since));
      if (found === null) throw new GatewayError("not_found", "There is no such exchange.");
      if (found.kept.length === 0 && found.at < since)
        throw new GatewayError("originals_expired", "The exchange is older than originals are kept.");
      if (found.kept.length === 0)
        throw new GatewayError("originals_absent", "No originals are kept of this exchange.");
      const opened = found.kept.map(open);
      const lines = opened.map(({ seq }) => seq);
      const row = { ...toRow(asked), outcome: "shown", code: null, lines } as const;
      if (await ask(insertShown(db, row, perHour))) return opened;
      throw new GatewayError("reveal_limit", `Originals are shown ${perHour} times an hour to one caller.`);
    },
    async refused(asked, code) {
      await ask(insertRefused(db, { ...toRow(asked), outcome: "refused", code, lines: [] }));
    },
  };
}

function toRow({
  id,
  caller,
  exchangeId,
  reason,
}: AskedReveal): Omit<NewReveal, "outcome" | "code" | "lines"> {
  const { tenant, issuer, subject } = caller;
  return { id, tenant, issuer, subject, exchangeId, reason };
}
