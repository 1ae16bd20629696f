// Refuses to run from a file whose lines were never judged: it may have been uploaded past the gateway, or for something else.
import { hash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { Caller, Json, Route } from "../exchange.ts";
import type { LineKind } from "./file-lines.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { getAt } from "../parse/pointer.ts";
import type { Ledger } from "../record/ledger.ts";

/** Operations that run from a file, with the members that name it, as paths, and what its lines must be. */
const RUNS: ReadonlyMap<string, { readonly members: readonly string[]; readonly kind: LineKind }> = new Map([
  ["batches.create", { members: ["input_file_id"], kind: "batch_input" }],
  ["fine_tuning.jobs.create", { members: ["training_file", "validation_file"], kind: "fine_tuning_input" }],
  ["evals.runs.create", { members: ["data_source/source/id"], kind: "eval_input" }],
]);

/** Tells whether a request may run what stands in a file. */
export function runsFromFile({ operation }: Route): boolean {
  return RUNS.has(operation);
}

/** Scopes that limit a token. */
const LIMIT = /^(?:model|operation|connection):/;

/**
 * Names, beside the kind of what its lines are, a file whose lines were judged for a caller of narrowed rights: nobody of
 * other rights under the same subject has had them judged for itself. Null where the subject alone says what is allowed.
 */
export function toNarrowedKind(kind: LineKind, caller: Caller): string | null {
  const { groups, claims, actsFor, agent, initiator } = caller;
  const limits = caller.scopes.filter((scope) => LIMIT.test(scope)).toSorted();
  const isWhole = limits.length === 0 && actsFor === null && ["human", "service"].includes(caller.kind);
  if (kind !== "batch_input" || isWhole) return null;
  const rights = [groups.toSorted(), limits, claims, actsFor, agent?.tools ?? null, initiator];
  return `${kind}:${hash("sha256", JSON.stringify(rights), "base64url").slice(0, 22)}`;
}

/**
 * Passes where each file that the request would run from was read line by line, for a caller of the same rights where they
 * are narrowed. Throws `file_not_inspected`.
 */
export async function requireInspected(
  ledger: Ledger,
  connection: string,
  request: ParsedRequest,
  caller: Caller,
): Promise<void> {
  const runs = RUNS.get(request.route.operation);
  if (runs === undefined) return;
  const body: Json = request.body() ?? {};
  for (const member of runs.members) {
    const id = getAt(body, `/${member}`) ?? null;
    if (id === null) continue;
    const kind = toNarrowedKind(runs.kind, caller) ?? runs.kind;
    const owner = typeof id === "string" ? await ledger.owner(connection, kind, id) : null;
    if (owner === null)
      throw new GatewayError(
        "file_not_inspected",
        "The lines of this file were not read by the gateway when it was uploaded for this use, with a token of these rights.",
        { param: member.replaceAll("/", ".") },
      );
  }
}
