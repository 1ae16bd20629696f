// The data of a bundle that the gateway itself must understand: which effect a code has, and what is masked.

import { z } from "zod";
import { RECOGNISED_CLASSES } from "../exchange.ts";
import type { JsonObject } from "../exchange.ts";
import type { Bundle } from "./bundle.ts";
import { isJsonObject } from "./json.ts";
import { refuseUnknownClasses, toKnownClasses } from "./known-classes.ts";
import { PolicyLoadError } from "./load-error.ts";
import { CODE_EFFECTS, type BundleMetadata } from "./manifest.ts";
import { masksSchema, originalsSchema, toNamedClasses } from "./mask-lists.ts";
import { tokenLivesSchema } from "./token-lives.ts";
import type { TokenLives } from "./token-lives.ts";

const effects = z.record(z.string(), z.enum(CODE_EFFECTS));
const params = z.looseObject({
  effects: effects.optional(),
  effects_by_label: z.record(z.string(), effects).optional(),
  labels: z.array(z.string()).optional(),
  operator_may_relax: z.array(z.string()).optional(),
  lists: z
    .looseObject({ masks: masksSchema, originals: originalsSchema, token_lives: tokenLivesSchema })
    .partial()
    .optional(),
});

/** The data of a bundle that was checked. */
export type CheckedData = {
  readonly params: JsonObject;
  readonly patterns: JsonObject;
  readonly tokenLives: TokenLives;
};

/**
 * Gives parameters and patterns. Refuses effects that nobody knows, codes that no rule has, and classes that nothing
 * finds, in data and in rules. Throws `PolicyLoadError`.
 */
export function checkData({ data, manifest }: Pick<Bundle, "data" | "manifest">): CheckedData {
  const { patterns = {}, params } = data;
  if (!isJsonObject(patterns) || !isJsonObject(params))
    throw new PolicyLoadError("its data lacks gateway.params");
  const metadata = manifest.metadata?.tollgate ?? null;
  const { lists = {} } = checkParams(params, metadata);
  const known = toKnownClasses(patterns, RECOGNISED_CLASSES);
  refuseUnknownClasses("its data", toNamedClasses(lists), known);
  for (const { code, classes = [] } of metadata?.rules ?? [])
    refuseUnknownClasses("it", { [`the rule ${code}`]: classes }, known);
  return { params, patterns, tokenLives: lists.token_lives ?? [] };
}

function checkParams(value: JsonObject, metadata: BundleMetadata | null): z.infer<typeof params> {
  const checked = params.safeParse(value);
  if (!checked.success)
    throw new PolicyLoadError(`its gateway.params are malformed:\n${z.prettifyError(checked.error)}`);
  if (metadata === null) return checked.data;
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
  return checked.data;
}
