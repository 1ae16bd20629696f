// Refuses what refers to a stored object that is not the caller's: one provider key is one tenant for the provider.
import { GatewayError } from "./errors.ts";
import type { Caller, Reference } from "./exchange.ts";
import type { Ledger } from "./record/ledger.ts";

/**
 * Passes where every object is the caller's own. Throws `not_found` otherwise, the same for an object of somebody
 * else's and for one that does not exist.
 */
export async function requireOwned(
  ledger: Ledger,
  connection: string,
  caller: Caller,
  references: readonly Reference[],
): Promise<void> {
  if (references.length === 0) return;
  const foreign = await ledger.findForeign(caller, connection, references);
  if (foreign === null) return;
  const reference = references.find(({ kind, id }) => kind === foreign.kind && id === foreign.id);
  const param =
    reference === undefined || reference.pointer === "" ? {} : { param: toParam(reference.pointer) };
  throw new GatewayError("not_found", "The object does not exist, or is not yours.", param);
}

/** Writes a pointer as OpenAI writes `error.param`: `input[0].file_id`. */
function toParam(pointer: string): string {
  return pointer
    .slice(1)
    .replaceAll(/\/(\d+)/g, "[$1]")
    .replaceAll("/", ".");
}
