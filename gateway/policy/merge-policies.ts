// Makes one policy of several bundles that decide together, or says why they can't.

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { VALUE_CLASSES } from "../exchange.ts";
import type { Json, JsonObject, Phase } from "../exchange.ts";
import { NO_EFFECTS } from "./decision.ts";
import type { PhaseReads } from "./evaluator.ts";
import { isJsonObject } from "./json.ts";
import { isRecognised } from "./known-classes.ts";
import { PolicyLoadError } from "./load-error.ts";
import { LOG_ROOT } from "./manifest.ts";
import { mergeDecisions } from "./merge-decisions.ts";
import { toSetRevision } from "../set-revision.ts";
import type { PolicySnapshot } from "./snapshot.ts";

/** A bundle of several, as it decides by itself. */
export type Member = {
  readonly name: string;
  readonly isGate: boolean;
  readonly snapshot: PolicySnapshot;
};

/** What every bundle has for itself: its module's collector and library, its parameters, and its part of the patterns. */
const OWN = ["gateway/main", "gateway/lib", "gateway/params", "gateway/patterns"];

/** Makes one policy of at least two bundles. Throws a `PolicyLoadError` where they do not fit together. */
export function mergePolicies(members: readonly [Member, ...Member[]]): PolicySnapshot {
  for (const [index, member] of members.entries())
    for (const other of members.slice(0, index)) refuseOverlap(other, member);
  const snapshots = members.map(({ snapshot }) => snapshot);
  const [{ snapshot: first }] = members;
  const readsIn = mergeReads(snapshots);
  return {
    version: {
      revision: toSetRevision(
        members.map(({ name, isGate, snapshot: { version, bundles } }) => ({
          name,
          isGate,
          revision: version.revision,
          digest: bundles[0]?.digest ?? "",
        })),
      ),
      dataRevision: createHash("sha256")
        .update(snapshots.map(({ version }) => version.dataRevision).join())
        .digest("hex")
        .slice(0, 32),
    },
    bundles: snapshots.flatMap(({ bundles }) => bundles),
    operator: first.operator,
    reads: {
      body: snapshots.some(({ reads }) => reads.body),
      texts: snapshots.some(({ reads }) => reads.texts),
    },
    readsIn,
    patterns: Object.fromEntries(snapshots.flatMap(({ patterns }) => Object.entries(patterns))),
    tokenLives: snapshots.flatMap(({ tokenLives }) => tokenLives),
    phases: new Set(snapshots.flatMap(({ phases }) => [...phases])),
    rules: new Map(snapshots.toReversed().flatMap(({ rules }) => [...rules])),
    log: first.log,
    evaluate: (facts) =>
      mergeDecisions(
        members.map(({ isGate, snapshot }) => ({
          isGate,
          // Whether a request is allowed is asked of everyone.
          decision:
            facts.phase === "request" || snapshot.phases.has(facts.phase)
              ? snapshot.evaluate(facts)
              : NO_EFFECTS,
        })),
      ),
  };
}

function mergeReads(snapshots: readonly PolicySnapshot[]): ReadonlyMap<Phase, PhaseReads> {
  const merged = new Map<Phase, PhaseReads>();
  for (const { readsIn } of snapshots) {
    for (const [phase, { paths, body, texts }] of readsIn) {
      const known = merged.get(phase) ?? { paths: [], body: false, texts: false };
      merged.set(phase, {
        paths: known.paths === null || paths === null ? null : [...new Set([...known.paths, ...paths])],
        body: known.body || body,
        texts: known.texts || texts,
      });
    }
  }
  return merged;
}

function refuseOverlap(one: Member, other: Member): void {
  const refuse = (why: string): never => {
    throw new PolicyLoadError(`the bundles ${one.name} and ${other.name} can't decide together: ${why}`);
  };
  const [own, others] = [rootsOf(one), rootsOf(other)];
  if (others.includes(LOG_ROOT))
    refuse(`the first bundle alone says what the decision log holds (${LOG_ROOT})`);
  for (const root of own) {
    const shared = others.find((another) => isWithin(root, another) || isWithin(another, root));
    if (shared !== undefined)
      refuse(
        `both claim ${root.length > shared.length ? root : shared} as their own (roots). Rules that stand in folders ` +
          "of their own, below gateway/rules, get roots of their own by `tollgate policy build`",
      );
  }
  if (one.snapshot.rules.size === 0 || other.snapshot.rules.size === 0)
    refuse("one of them does not say which rules it holds: build it with `tollgate policy build`");
  for (const code of other.snapshot.rules.keys())
    if (one.snapshot.rules.has(code)) refuse(`both have a rule with the code ${code}`);
  refusePatterns(one.snapshot.patterns, other.snapshot.patterns, refuse);
}

/** What one bundle's rules count must not change by what another one searches for. */
function refusePatterns(one: JsonObject, other: JsonObject, refuse: (why: string) => never): void {
  const classes = new Set(Object.values(one).map(toClass));
  for (const [id, pattern] of Object.entries(other)) {
    const known = one[id];
    if (known !== undefined && !isDeepStrictEqual(known, pattern))
      refuse(`both have a pattern named ${id}, and they differ`);
    if (known !== undefined) continue;
    const ofClass = toClass(pattern);
    const isTaken =
      classes.has(ofClass) || isRecognised(ofClass) || VALUE_CLASSES.some((taken) => taken === ofClass);
    if (isTaken)
      refuse(
        `the pattern ${id} of the second finds the class ${ofClass}, which is not its own: give it another one`,
      );
  }
}

function toClass(pattern: Json): string {
  const ofClass = isJsonObject(pattern) ? pattern["class"] : undefined;
  return typeof ofClass === "string" ? ofClass : "";
}

function rootsOf({ snapshot }: Member): readonly string[] {
  const roots = snapshot.bundles.flatMap(({ manifest }) => manifest.roots);
  return roots.filter((root) => !OWN.some((own) => isWithin(root, own)));
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
