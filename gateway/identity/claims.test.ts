import { describe, expect, test } from "vitest";
import { issuer } from "../config/issuer-schema.ts";
import { toIssuer } from "../config/issuers.ts";
import { hasGroupOverage, readClaims } from "./claims.ts";

function read(entry: { readonly [key: string]: unknown }, claims: { readonly [name: string]: unknown }) {
  const config = toIssuer(
    issuer.parse({ issuer: "https://login.example.com", audience: "tollgate", ...entry }),
  );
  if (config === null) throw new TypeError("The entry names no issuer.");
  const notes: string[] = [];
  const caller = readClaims({ sub: "ada", ...claims }, config, (step, said) =>
    notes.push(`${step}: ${said}`),
  );
  return { caller, notes, overage: hasGroupOverage(claims, config) };
}

describe("groups by rules", () => {
  const rules = {
    preset: "github-actions",
    group_rules: [
      {
        when: { repository: "acme/app", ref: ["refs/heads/main", "refs/tags/*"] },
        groups: ["releases", "ci"],
      },
    ],
  };

  test("are given where every claim has one of its values", () => {
    for (const ref of ["refs/heads/main", "refs/tags/v1"]) {
      const { caller } = read(rules, { sub: "repo:acme/app", repository: "acme/app", ref });
      expect(caller).toMatchObject({ kind: "ci", groups: ["ci", "releases"], claims: { ref } });
    }
  });

  test.each([
    { repository: "acme/app", ref: "refs/heads/main2" },
    { repository: "acme/app", ref: "refs/heads/other" },
    { repository: "acme/apps", ref: "refs/heads/main" },
    { repository: "acme/app" },
    { repository: { "acme/app": true }, ref: "refs/heads/main" },
    { ref: "refs/heads/main" },
  ])("are not given for %j", (claims) => {
    expect(read(rules, claims).caller.groups).toEqual([]);
  });

  test("take any element of a list, and truth as its word", () => {
    const entry = { group_rules: [{ when: { teams: "a", ref_protected: "true" }, groups: "g" }] };
    expect(read(entry, { teams: ["b", "a"], ref_protected: true }).caller.groups).toEqual(["g"]);
    expect(read(entry, { teams: ["b"], ref_protected: true }).caller.groups).toEqual([]);
  });
});

describe("a preset", () => {
  test.each([
    ["kubernetes", { "kubernetes.io": { namespace: "agents" } }, { groups: ["g"], kind: "service" }],
    ["keycloak", { realm_access: { roles: ["agents", "other"] } }, { groups: ["g"], kind: "human" }],
    ["gitlab-ci", { project_path: "agents" }, { groups: ["g"], kind: "ci" }],
    ["google", { hd: "agents" }, { groups: ["g"], kind: "human" }],
    ["okta", { groups: ["agents"] }, { groups: ["g"], kind: "human" }],
    ["entra-id", { groups: ["agents"], oid: "1-2-3", idtyp: "app" }, { subject: "1-2-3", kind: "service" }],
    ["entra-id", { groups: ["agents"], oid: "1-2-3" }, { subject: "1-2-3", groups: ["g"], kind: "human" }],
  ])("%s finds groups and kind where that issuer has them", (preset, claims, expected) => {
    expect(read({ preset, group_map: { agents: "g" } }, claims).caller).toMatchObject(expected);
  });

  test("gives way to what the entry says", () => {
    const { caller } = read(
      { preset: "kubernetes", kind: "agent", groups_claim: "groups" },
      { groups: ["x"] },
    );
    expect(caller).toMatchObject({ kind: "agent", groups: [] });
  });
});

describe("a tenant by a claim", () => {
  const entry = { tenant_by: { claim: "tid", map: { "1": "north" } } };
  test("is the mapped one", () => {
    expect(read(entry, { tid: "1" }).caller.tenant).toBe("north");
  });
  test.each([{}, { tid: "2" }, { tid: ["1", "2"] }, { tid: { "1": true } }])("refuses %j", (claims) => {
    expect(() => read(entry, claims)).toThrow(/tenant that isn't accepted/);
  });
});

describe("authorized parties", () => {
  const entry = { authorized_parties: ["console"] };
  test.each([{ azp: "console" }, { client_id: "console", azp: "console" }, { appid: "console" }])(
    "accept %j",
    (claims) => {
      expect(read(entry, claims).caller.subject).toBe("ada");
    },
  );
  test.each([{}, { azp: "other" }, { azp: "console", client_id: "other" }])("refuse %j", (claims) => {
    expect(() => read(entry, claims)).toThrow(/client that isn't accepted/);
  });
});

test("a token that says that its groups are elsewhere is told", () => {
  expect(read({}, { _claim_names: { groups: "src1" } }).overage).toBe(true);
  expect(read({}, { hasgroups: true }).overage).toBe(true);
  expect(read({}, { _claim_names: { address: "src1" }, groups: ["a"] }).overage).toBe(false);
});

test("each group is noted with what it counts for", () => {
  const { notes } = read({ group_map: { a: ["x", "y"] } }, { groups: ["a", "b"] });
  expect(notes).toContain("group: a: x, y");
  expect(notes).toContain("group: b: not in group_map, counts for nothing");
  expect(notes).toContain("groups: x, y");
});

describe("who began it", () => {
  test.each([
    [{}, {}, "person"],
    [{ kind: "agent" }, {}, "agent"],
    [{ preset: "github-actions" }, { event_name: "schedule" }, "schedule"],
    [{ preset: "github-actions" }, { event_name: "workflow_dispatch" }, "service"],
    [{ preset: "gitlab-ci" }, { pipeline_source: "schedule" }, "schedule"],
    [{ preset: "gitlab-ci" }, { pipeline_source: ["web", "schedule"] }, "service"],
    [{ initiator_by: { claim: "by", map: { cron: "schedule" } } }, { by: "cron" }, "schedule"],
    [{ kind: "service" }, { initiator: "person" }, "service"],
  ])("by %j is read of %j as %s", (entry, claims, expected) => {
    expect(read(entry, claims).caller.initiator).toBe(expected);
  });
});

describe("scopes", () => {
  test("are those of both claims that issuers have for them", () => {
    expect(read({}, { scope: "b a", scp: ["model:gpt-4.1"] }).caller.scopes).toEqual([
      "a",
      "b",
      "model:gpt-4.1",
    ]);
  });

  test.each([
    { scope: `${Array.from({ length: 256 }, (_, index) => `s${index}`).join(" ")} model:gpt-4.1` },
    { scp: [`model:${"x".repeat(300)}`] },
  ])("that can't be kept are no limit that is left out: the token is refused", (claims) => {
    expect(() => read({}, claims)).toThrow("too many scopes");
  });
});
