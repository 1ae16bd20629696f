// Bundles that decide together, in the real engine: which fit, and what becomes of one that fails.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { buildTeamBundle } from "../../test/policy/team-bundle.ts";
import type { TeamBundle } from "../../test/policy/team-bundle.ts";
import type { Facts } from "../exchange.ts";
import { createPolicy } from "./load.ts";
import { createPolicySet } from "./policy-set.ts";
import type { PolicySet, Slot } from "./policy-set.ts";
import { toSampleFacts } from "./sample-facts.ts";
import { readSetRevision, toSetRevision } from "../set-revision.ts";
import type { PolicySnapshot } from "./snapshot.ts";

const SLOTS = [
  { name: "platform", isGate: true },
  { name: "search", isGate: false },
] as const;
const PATTERN = { title: "A ticket", any: [{ literals: ["TICKET-"], class: "0-9", min: 4 }] };
let platform: PolicySnapshot;
let team: PolicySnapshot;

async function open(bundle: Buffer): Promise<PolicySnapshot> {
  const policy = await createPolicy({
    bundlePath: "test",
    bundle,
    operatorPath: null,
    trust: null,
    checkPatterns: () => undefined,
    log: createKeptLog(),
  });
  policy.close();
  return policy.current();
}
const openTeam = async (bundle: TeamBundle): Promise<PolicySnapshot> => open(await buildTeamBundle(bundle));

function put(
  members: readonly PolicySnapshot[] = [platform, team],
  slots: readonly Slot[] = SLOTS,
): PolicySet {
  const set = createPolicySet(slots);
  for (const [index, { name }] of slots.entries()) {
    const snapshot = members[index];
    if (snapshot !== undefined) set.join(name, () => snapshot);
  }
  return set;
}

function facts(model: string, groups = ["developers"]): Facts {
  const sample = toSampleFacts("request");
  return { ...sample, caller: { ...sample.caller, groups }, request: { ...sample.request, model } };
}

beforeAll(async () => {
  platform = await open(readFileSync(new URL("../../bundles/default.tar.gz", import.meta.url)));
  team = await openTeam({ revision: "team:1" });
});

describe("bundles that decide together", () => {
  test("allow what the first allows, and refuse what any refuses", () => {
    const policy = put().current();
    expect(policy.evaluate(facts("gpt-4.1"))).toMatchObject({
      allow: [{ code: "operation_allowed" }],
      deny: [],
    });
    expect(policy.evaluate(facts("gpt-4.1-nano")).deny).toEqual([{ code: "no_nano" }]);
    expect(policy.evaluate(facts("davinci-002")).deny).toMatchObject([{ code: "model_not_allowed" }]);
    // The team's bundle allows everybody, and doesn't count.
    expect(policy.evaluate(facts("gpt-4.1", [])).allow).toEqual([]);
    expect(policy.rules.get("no_nano")?.title).toBe("The team uses no small models");
  });

  test("want what each gate allows", () => {
    const policy = put([platform, team], [SLOTS[0], { name: "search", isGate: true }]).current();
    expect(policy.evaluate(facts("gpt-4.1")).allow).toEqual([
      { code: "operation_allowed" },
      { code: "plain" },
    ]);
    expect(policy.evaluate(facts("gpt-4.1-nano")).allow).toEqual([]);
  });

  test("refuse where one of them throws, or answers about other data", () => {
    const policy = put().current();
    for (const model of ["gpt-4.1-2025-04-14", "gpt-5"])
      expect(() => policy.evaluate(facts(model))).toThrow(
        expect.objectContaining({ code: "policy_unavailable" }),
      );
    expect(policy.evaluate(facts("gpt-4.1")).deny).toEqual([]);
  });

  test("are one policy as long as none of them changes, and another one at once when one does", async () => {
    const set = put();
    const before = set.current();
    expect(set.current()).toBe(before);
    const other = await openTeam({ revision: "team:2" });
    expect(set.preview("search", other)?.version).not.toEqual(before.version);
    expect(set.current()).toBe(before);
    set.join("search", () => other);
    expect(set.current().version).toEqual(set.preview("search", other)?.version);
    // Another order, or another gate, decides otherwise.
    const versions = [
      put([platform, team]),
      put([platform, team], [SLOTS[0], { name: "search", isGate: true }]),
      put([platform, team], SLOTS.toReversed()),
    ].map((one) => one.current().version.revision);
    expect(new Set(versions).size).toBe(3);
  });

  test("name each revision", () => {
    const { revision } = put().current().version;
    expect(readSetRevision(revision)).toEqual([
      { ...SLOTS[0], revision: platform.version.revision, digest: platform.bundles[0]?.digest.slice(0, 16) },
      { ...SLOTS[1], revision: "team:1", digest: team.bundles[0]?.digest.slice(0, 16) },
    ]);
    expect(readSetRevision(platform.version.revision)).toBeNull();
    const odd = { name: "a", isGate: true, revision: "1+2 @:ü%", digest: "0123456789abcdef" };
    expect(readSetRevision(toSetRevision([odd, { ...odd, name: "b" }]))?.[0]).toEqual(odd);
    expect(toSetRevision([odd])).toBe(odd.revision);
  });

  test("of which one is alone are that one itself", () => {
    expect(put([platform], [SLOTS[0]]).current()).toBe(platform);
  });
});

test.each<readonly [string, TeamBundle, string]>([
  ["claims all", { revision: "r", roots: ["gateway"] }, "both claim gateway/rules/"],
  [
    "claims what the first holds",
    { revision: "r", roots: ["gateway/rules/access/own"] },
    "gateway/rules/access",
  ],
  [
    "has a code of the first",
    { revision: "r", code: "model_not_allowed" },
    "with the code model_not_allowed",
  ],
  ["names no rules", { revision: "r", metadata: { rules: [] } }, "does not say which rules"],
  ["says what is logged", { revision: "r", roots: ["system/log"] }, "the first bundle alone"],
  [
    "finds another class's values",
    { revision: "r", patterns: { ticket: { ...PATTERN, class: "secret" } } },
    "finds the class secret",
  ],
  [
    "changes a pattern",
    { revision: "r", patterns: { prohibited_malware: { ...PATTERN, class: "ticket" } } },
    "a pattern named prohibited_malware, and they differ",
  ],
])("a bundle is refused beside the first that %s", async (_, bundle, why) => {
  const other = await openTeam(bundle);
  expect(() => put([platform]).preview("search", other)).toThrow(why);
  expect(() => put([platform, other]).current()).toThrow(why);
});

test("a pattern of a class of its own is searched for, and one that both have once", async () => {
  const shared = { prohibited_malware: platform.patterns["prohibited_malware"] };
  const patterns = { ...shared, ticket: { ...PATTERN, class: "ticket" } };
  const merged = put([platform, await openTeam({ revision: "r", patterns })]).current();
  expect(Object.keys(merged.patterns)).toEqual([...Object.keys(platform.patterns), "ticket"]);
});
