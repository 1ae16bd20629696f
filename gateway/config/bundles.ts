// Reads which bundles decide: one, or several that decide together.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { findPackageRoot } from "./package-root.ts";
import { checkBundleUrl, isUrl, policySource, readPolicySource } from "./policy-source.ts";
import type { PolicySource } from "./policy-source.ts";
import type { ConfigFile } from "./schema.ts";
import type { Followed } from "./secrets.ts";
import type { SigningConfig } from "./signing.ts";

const MOST = 16;

const bundle = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
      error: "expected a name: lower-case letters, digits, -",
    })
    .meta({ description: "Names the bundle in commands and in the record; its serials are one order." }),
  bundle: z.string().min(1).optional().meta({
    description: "Like `policy.bundle`: a file, a folder or an https URL. Absent: the gateway's own bundle.",
  }),
  gate: z.boolean().optional().meta({
    description:
      "Whether nothing is allowed that it does not allow. Absent: true for the first bundle, false for the others, of which what they allow doesn't count.",
  }),
  scope: z.string().max(256).optional().meta({
    description: "The `scope` that its signature must carry. Absent: `policy.signing.scope`.",
  }),
  keys: z.array(z.string()).min(1).optional().meta({
    description: "The ids of the keys of `policy.signing` that may sign it. Absent: all of them.",
  }),
  source: policySource,
});

/** The part `policy.bundles` of the file. */
export const bundles = z
  .array(bundle)
  .min(1)
  .max(MOST)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
    error: "expected names that differ",
  })
  .optional()
  .meta({
    description:
      "Bundles that decide together, in place of `policy.bundle` ([policy-distribution.md](policy-distribution.md#several-bundles)). `policy.operator` lies over the first one.",
  });

/** A bundle and where it comes from. */
export type BundleConfig = {
  /** What it is called in the record: its serials are one order. */
  readonly name: string;
  /** Its file or folder, or its URL. */
  readonly bundle: string;
  /** Null: it is no URL. */
  readonly url: string | null;
  readonly source: PolicySource;
  /** How long ago its source may have confirmed it, in milliseconds; null: as long as it may be. */
  readonly maxAgeMs: number | null;
  /** Whether nothing is allowed without it. */
  readonly isGate: boolean;
  /** Null: it need not be signed. */
  readonly signing: SigningConfig | null;
};

/** At least one bundle; the operator's file lies over the first. */
export type BundleConfigs = readonly [BundleConfig, ...BundleConfig[]];

type Report = (at: readonly PropertyKey[], expected: string) => void;

type Reading = {
  /** A folder of policies that stands in their place; null: none does. */
  readonly sources: string | null;
  readonly signing: SigningConfig | null;
  /** Where references to secrets are looked for. */
  readonly folder: string;
  /** Gives what a path in a key of the file is relative to. */
  readonly from: (key: readonly string[]) => string;
  readonly follow: (reference: string) => Followed;
  readonly report: Report;
  /** Whether what is named must be there. */
  readonly isServing: boolean;
};

type Given = z.output<typeof bundle> & { readonly at: readonly PropertyKey[] };

/** Puts the bundles together, and reports what is wrong with them. */
export function readBundles(policy: ConfigFile["policy"], reading: Reading): BundleConfigs {
  if (reading.sources !== null) return [toBuilt(reading.sources, policy, reading)];
  const single: Given = {
    name: policy.bundle === undefined ? "default" : "main",
    ...(policy.bundle !== undefined && { bundle: policy.bundle }),
    source: policy.source,
    at: ["policy"],
  };
  const several = policy.bundles?.map((one, index) => ({ ...one, at: ["policy", "bundles", index] }));
  if (several !== undefined && policy.bundle !== undefined)
    reading.report(["policy", "bundle"], "expected either `bundle` or `bundles`");
  if (several !== undefined && JSON.stringify(policy.source) !== NO_SOURCE)
    reading.report(["policy", "source"], "expected the `source` in each of `bundles`");
  const [first = single, ...others] = several ?? [];
  const all: BundleConfigs = [
    readOne(first, true, reading),
    ...others.map((one) => readOne(one, false, reading)),
  ];
  if (several !== undefined && !all.some(({ isGate }) => isGate))
    reading.report(["policy", "bundles"], "expected at least one `gate`: without one nothing is allowed");
  if (reading.signing !== null) reportSameTrust(all, reading.report);
  return all;
}

/** What is built at every change has no order with what was signed or numbered. */
function toBuilt(folder: string, policy: ConfigFile["policy"], reading: Reading): BundleConfig {
  const name = "development";
  const own = readOne({ name, source: policy.source, at: ["policy"] }, true, reading);
  return { ...own, bundle: folder, url: null };
}

const NO_SOURCE = JSON.stringify(policySource.parse(undefined));

function readOne(given: Given, isFirst: boolean, reading: Reading): BundleConfig {
  const { at, name, bundle: named } = given;
  const { report, isServing, folder, follow } = reading;
  const url = named !== undefined && isUrl(named) ? named : null;
  const wrongUrl = url === null ? null : checkBundleUrl(url);
  if (wrongUrl !== null) report([...at, "bundle"], wrongUrl);
  const path =
    named === undefined
      ? join(findPackageRoot(), "bundles", "default.tar.gz")
      : resolve(at.length === 1 ? reading.from(["policy", "bundle"]) : folder, named);
  if (isServing && url === null && named !== undefined && !existsSync(path))
    report([...at, "bundle"], `expected a file at ${path}`);
  const source = readPolicySource(given.source, {
    folder,
    follow,
    report: (below, expected) => isServing && report([...at, "source", ...below], expected),
  });
  const maxAge = given.source.max_age_s;
  return {
    name,
    bundle: url ?? path,
    url,
    source,
    maxAgeMs: maxAge === undefined ? null : maxAge * 1000,
    isGate: given.gate ?? isFirst,
    signing: toSigning(given, reading),
  };
}

function toSigning({ at, scope, keys }: Given, { signing, report }: Reading): SigningConfig | null {
  if (signing === null) {
    if (scope !== undefined || keys !== undefined)
      report([...at, scope === undefined ? "keys" : "scope"], "expected `policy.signing`, with the keys");
    return null;
  }
  const unknown = keys?.find((id) => !signing.keys.some((key) => key.id === id));
  if (unknown !== undefined)
    report([...at, "keys"], `expected ids of policy.signing.keys; ${unknown} is none`);
  return {
    ...signing,
    scope: scope ?? signing.scope,
    keys: signing.keys.filter(({ id }) => keys?.includes(id) ?? true),
  };
}

/** Whoever signs one bundle must not be able to put it into another one's place. */
function reportSameTrust(all: BundleConfigs, report: Report): void {
  for (const [index, { signing }] of all.entries())
    for (const { name, signing: before } of all.slice(0, index))
      if (
        before?.scope === signing?.scope &&
        before?.keys.some(({ id }) => signing?.keys.some((key) => key.id === id)) === true
      )
        report(
          ["policy", "bundles", index, "scope"],
          `expected another scope, or other keys, than those of ${name}: each could stand in the other's place`,
        );
}
