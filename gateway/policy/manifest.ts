// What a bundle says of itself: OPA's manifest, and in its `metadata.tollgate` what the build found out about the rules.

import { z } from "zod";
import type { Phase } from "../exchange.ts";

/** All phases. */
export const PHASES = [
  "request",
  "answer",
  "finding",
  "tool_call",
  "end",
  "whole",
] as const satisfies readonly Phase[];

/** The effects that data may set for a rule's code. */
export const CODE_EFFECTS = ["deny", "require_approval", "observe", "off"] as const;

const pointer = z.string().regex(/^(?!.*__proto__)(?:\/[^/]*)*$/);
const effects = z.array(z.looseObject({ code: z.string() }));

const decision = z.record(z.string(), effects);

const built = z.strictObject({
  /** SHA-256 over the sources, whatever their revision is called. */
  source_digest: z.string(),
  /** The version of OPA that compiled it. */
  opa: z.string(),
  /** A digest of the gateway's own detectors: their ids and classes, as the build knew them. */
  detectors: z.string(),
  /** Of the sources in Git; absent where they are not in Git, or changed since. */
  commit: z.string().optional(),
  author: z.string().optional(),
  /** When the commit was made, so that the same sources give the same bytes. */
  time: z.iso.datetime({ offset: true }).optional(),
});

const metadata = z.strictObject({
  format: z.literal(1),
  /** Orders the revisions of one bundle: a later one has a higher number. */
  serial: z.int().positive().optional(),
  /** Where it comes from. */
  built: built.optional(),
  /** The version of the facts, `input.v`, that the rules were written for. */
  facts: z.literal(1),
  /** By phase what its rules read: RFC 6901 pointers into `input`; the empty one is all of it. */
  reads: z.partialRecord(z.enum(PHASES), z.array(pointer)),
  phases: z.array(z.enum(PHASES)),
  rules: z.array(
    z.strictObject({
      code: z.string(),
      title: z.string(),
      remedy: z.string(),
      refusal: z.string().optional(),
      package: z.string(),
      phases: z.array(z.enum(PHASES)),
      effects: z.array(z.string()),
      /** The classes of values that the rule writes out. */
      classes: z.array(z.string()).optional(),
    }),
  ),
  /** How many regular expressions and globs stand in the rules. */
  rego_patterns: z.int().nonnegative(),
  /** Facts whose decisions are known: a bundle that decides otherwise is refused. */
  canaries: z.array(
    z.strictObject({ name: z.string(), facts: z.looseObject({ phase: z.enum(PHASES) }), decision }),
  ),
});

const NO_WASM = "holds no WebAssembly: build it with `tollgate policy build`";

/** Below it stands what a bundle says of its decision log, as OPA has it. */
export const LOG_ROOT = "system/log";
const ROOT = /^gateway(?:\/[^/]+)*$/;

const manifest = z.looseObject({
  // It stands on every row that it decides.
  revision: z
    .string()
    .min(1, "has no revision: build it with --revision")
    .regex(/^[^\p{Cc}]{0,256}$/u, "revision must have at most 256 characters that can be shown"),
  roots: z
    .array(z.string())
    .refine(
      (roots) =>
        roots.some((root) => root === "gateway" || root === "gateway/main") &&
        roots.every((root) => ROOT.test(root) || root === LOG_ROOT),
      `roots must be gateway, or places below it with gateway/main among them, and ${LOG_ROOT}`,
    ),
  wasm: z.array(z.looseObject({ entrypoint: z.string(), module: z.string() }), NO_WASM).min(1, NO_WASM),
  metadata: z.looseObject({ tollgate: metadata.optional() }).optional(),
});

/** Describes a bundle's `.manifest`. */
export const manifestSchema = manifest;

export type BundleManifest = z.infer<typeof manifest>;
export type BundleMetadata = z.infer<typeof metadata>;
