// The parameters of a bundle that the gateway itself must understand: which effect a code has.

import { z } from "zod";
import type { JsonObject } from "../exchange.ts";
import { PolicyLoadError } from "./load-error.ts";
import { CODE_EFFECTS, type BundleMetadata } from "./manifest.ts";

const effects = z.record(z.string(), z.enum(CODE_EFFECTS));
const params = z.looseObject({
  effects: effects.optional(),
  effects_by_label: z.record(z.string(), effects).optional(),
  labels: z.array(z.string()).optional(),
  operator_may_relax: z.array(z.string()).optional(),
});

/** Refuses effects that nobody knows, and codes that no rule has. Throws `PolicyLoadError`. */
export function checkParams(value: JsonObject, metadata: BundleMetadata | null): void {
  const checked = params.safeParse(value);
  if (!checked.success)
    throw new PolicyLoadError(`its gateway.params are malformed:\n${z.prettifyError(checked.error)}`);
  if (metadata === null) return;
  const codes = new Set(metadata.rules.map(({ code }) => code));
  const { effects = {}, effects_by_label = {}, operator_may_relax = [] } = checked.data;
  const named = [
    ...Object.keys(effects),
    ...Object.values(effects_by_label).flatMap((table) => Object.keys(table)),
    ...operator_may_relax,
  ];
  const unknown = named.find((code) => !codes.has(code));
  if (unknown !== undefined)
    throw new PolicyLoadError(`its gateway.params name the code ${unknown}, which no rule has`);
}
