// The operator's own data, laid over the bundle's: lists, limits, groups, effects.

import { createHash } from "node:crypto";
import { parse } from "yaml";
import { z } from "zod";
import { isJsonObject } from "./json.ts";
import { isRecognised, refuseUnknownClasses, toKnownClasses } from "./known-classes.ts";
import { PolicyLoadError } from "./load-error.ts";
import { CODE_EFFECTS, type BundleMetadata } from "./manifest.ts";
import { INITIATORS, INJECTION_PLACES } from "../exchange.ts";
import { approvalLists } from "./approval-lists.ts";
import { masksSchema, originalsSchema, toNamedClasses } from "./mask-lists.ts";
import { isLimitWhole, limitShape } from "./limit-effect.ts";
import { isSetEffect, setShape } from "./set-effect.ts";
import { tokenLivesSchema } from "./token-lives.ts";
import type { TokenLives } from "./token-lives.ts";
import type { Json, JsonObject } from "../exchange.ts";

const text = z.string().min(1).max(256);
const names = z.array(text).max(10_000);
const limit = z.int().positive();
const effects = z.record(text, z.enum(CODE_EFFECTS));
/** Paths that the gateway knows nothing of, each with its method. */
const unknownPaths = z
  .array(
    z.strictObject({ method: z.string().regex(/^[A-Z]{1,16}$/), path: z.string().startsWith("/").max(2048) }),
  )
  .max(1000);

const group = z.strictObject({
  operations: z.union([
    z.strictObject({ all: z.literal(true), unknown_paths: unknownPaths.exactOptional() }),
    z.strictObject({
      names: names.exactOptional(),
      prefixes: names.exactOptional(),
      unknown_paths: unknownPaths.exactOptional(),
    }),
  ]),
  models: z.union([
    z.strictObject({ all: z.literal(true) }),
    z.strictObject({ names: names.default([]), prefixes: names.default([]) }),
  ]),
});

/** What a quota counts apart. */
const QUOTA_KEYS = ["caller", "group", "agent", "session", "connection", "model", "operation"] as const;

/** Describes the operator's file. */
const operatorSchema = z.strictObject({
  groups: z.record(text, group).optional(),
  lists: z
    .looseObject({
      mcp_servers: z.array(z.strictObject({ host: text, label: text })).max(10_000),
      originals: originalsSchema,
      mcp_approvals: z.array(z.enum(["always", "never", "mixed"])),
      models_by_initiator: z
        .array(z.strictObject({ model: text, initiators: z.array(z.enum(INITIATORS)).min(1) }))
        .max(10_000),
      shared_kinds_of_groups: z.array(z.strictObject({ group: text, kind: text })).max(10_000),
      masks: masksSchema,
      injection: z
        .array(
          z.strictObject({
            place: z.enum(INJECTION_PLACES),
            score: z.int().min(1).max(100),
            effect: z.enum(["label", "deny"]),
          }),
        )
        .max(100),
      token_lives: tokenLivesSchema,
      quotas: z
        .array(
          z
            .strictObject({
              ...limitShape,
              per: z.array(z.enum(QUOTA_KEYS)).min(1).optional(),
              groups: z.array(text).min(1).optional(),
              operations: z.array(text).min(1).optional(),
              models: z.array(text).min(1).optional(),
              connections: z.array(text).min(1).optional(),
            })
            .refine(isLimitWhole, "a window, which all but concurrent has, and in seconds where it slides"),
        )
        .max(100),
      ...approvalLists,
      set: z
        .array(
          z
            .strictObject({
              ...setShape,
              groups: z.array(text).min(1).optional(),
              operations: z.array(text).min(1).optional(),
            })
            .refine(isSetEffect, "one of to, at_most, at_least, strip, without, that fits the parameter"),
        )
        .max(1_000),
      hidden: z.array(z.strictObject({ kind: text, id: text, version: z.string().nullable() })).max(10_000),
    })
    .partial()
    .catchall(names)
    .optional(),
  limits: z
    .record(
      text,
      z.strictObject({
        default: limit.optional(),
        groups: z.record(text, limit).optional(),
        count_earlier: z.boolean().optional(),
      }),
    )
    .optional(),
  effects: effects.optional(),
  effects_by_label: z.record(text, effects).optional(),
});

export type OperatorData = {
  /** The operator's own list of lives; null: the bundle's counts. */
  readonly tokenLives: TokenLives | null;
  /** `data.gateway.operator`. */
  readonly data: JsonObject;
  readonly digest: string;
};

/** What an operator's file may speak of. */
export type OperatorScope = {
  readonly metadata: BundleMetadata | null;
  /** `data.gateway.params` of the bundle. */
  readonly params: JsonObject;
  /** `data.gateway.patterns` of the bundle. */
  readonly patterns: JsonObject;
  /** Labels of the configured connections. */
  readonly connectionLabels: readonly string[];
  /** Classes of what the configured recogniser finds. */
  readonly recognised: readonly string[];
};

/** Reads the operator's file, YAML or JSON. Throws `PolicyLoadError` for what the schema or the bundle does not know. */
export function readOperatorData(text: string, scope: OperatorScope): OperatorData {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, uniqueKeys: true }) ?? {};
  } catch (cause) {
    const where = cause instanceof Error && "linePos" in cause ? readLine(cause.linePos) : "";
    throw new PolicyLoadError(`the operator's file is no YAML or JSON that can be read${where}`, { cause });
  }
  const checked = operatorSchema.safeParse(value);
  if (!checked.success)
    throw new PolicyLoadError(`the operator's file is refused:\n${z.prettifyError(checked.error)}`, {
      cause: checked.error,
    });
  refuseUnknownNames(checked.data, scope);
  refuseUnknownClasses(
    "the operator's file",
    toNamedClasses({
      ...checked.data.lists,
      // Of what is never found nothing is kept.
      originals: checked.data.lists?.originals?.filter((one) => !isRecognised(one)),
    }),
    toKnownClasses(scope.patterns, scope.recognised),
  );
  const data: unknown = JSON.parse(JSON.stringify(checked.data));
  if (!isJsonObject(data)) throw new PolicyLoadError("the operator's file must hold an object");
  const tokenLives = checked.data.lists?.token_lives ?? null;
  return { data, tokenLives, digest: createHash("sha256").update(JSON.stringify(data)).digest("hex") };
}

/** Stands in where the operator has no file. */
export const NO_OPERATOR_DATA: OperatorData = { data: {}, tokenLives: null, digest: "none" };

function refuseUnknownNames(data: z.infer<typeof operatorSchema>, scope: OperatorScope): void {
  for (const name of ["lists", "limits"] as const) {
    const known = scope.params[name];
    const unknown = Object.keys(data[name] ?? {}).find((key) => at(known, key) === undefined);
    if (unknown !== undefined)
      throw new PolicyLoadError(
        `the operator's file sets ${name}.${unknown}, which the bundle does not have`,
      );
  }
  const rules = new Map(scope.metadata?.rules.map((rule) => [rule.code, rule]));
  const labels = new Set([...toTexts(scope.params["labels"]), ...scope.connectionLabels]);
  const tables = Object.entries(data.effects_by_label ?? {});
  const unknownLabel = tables.find(([label]) => !labels.has(label));
  if (unknownLabel !== undefined)
    throw new PolicyLoadError(
      `the operator's file names the label ${unknownLabel[0]}, which no connection and no bundle has`,
    );
  const mayRelax = new Set(toTexts(scope.params["operator_may_relax"]));
  for (const [label, table] of [[null, data.effects ?? {}] as const, ...tables]) {
    for (const [code, effect] of Object.entries(table)) {
      const rule = rules.get(code);
      if (rule === undefined)
        throw new PolicyLoadError(
          `the operator's file names the code ${code}, which no rule of the bundle has`,
        );
      const mayRefuse = rule.effects.includes("deny") || rule.effects.includes("require_approval");
      if (!mayRefuse && (effect === "deny" || effect === "require_approval"))
        throw new PolicyLoadError(
          `the operator's file sets ${code} to ${effect}, but its rule never refuses: observe or off`,
        );
      const isRelaxed = STRICTNESS[effect] < strictnessInBundle(code, label, rule.effects, scope.params);
      if (isRelaxed && !mayRelax.has(code))
        throw new PolicyLoadError(
          `the operator's file weakens ${code} to ${effect}, which the bundle does not allow (operator_may_relax)`,
        );
    }
  }
}

const STRICTNESS = { deny: 4, require_approval: 3, observe: 2, off: 1 } as const;

function strictnessInBundle(
  code: string,
  label: string | null,
  effects: readonly string[],
  params: JsonObject,
): number {
  const byLabel = label === null ? undefined : at(at(params["effects_by_label"], label), code);
  const set = byLabel ?? at(params["effects"], code);
  for (const effect of CODE_EFFECTS) if (set === effect) return STRICTNESS[effect];
  return effects.includes("deny") || !effects.includes("require_approval")
    ? STRICTNESS.deny
    : STRICTNESS.require_approval;
}

function at(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function toTexts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === "string") : [];
}

function readLine(position: unknown): string {
  const first: unknown = Array.isArray(position) ? position[0] : undefined;
  return isJsonObject(first) && typeof first["line"] === "number" ? ` (line ${first["line"]})` : "";
}
