import { describe, expect, it } from "vitest";
import { exampleCaller } from "../../test/fixtures/example-rows.ts";
import type { Effect, Reference } from "../exchange.ts";
import { claimObjects, isShared, taint } from "./ownership.ts";
import type { Owner } from "../record/ledger.ts";
import { matchRoute } from "../parse/route.ts";

const connection = {
  name: "openai",
  kind: "openai",
  baseUrl: "http://target",
  labels: [],
  simulated: false,
  unknownIds: "refuse",
} as const;
const { tenant, issuer, subject } = exampleCaller;
const mine: Owner = { tenant, issuer, subject, sessionId: null, groups: ["research"], labels: ["mine"] };
const colleague: Owner = { ...mine, subject: "colleague", labels: ["tainted"] };
const stranger: Owner = { ...colleague, tenant: "other" };
const { route } = matchRoute("GET", "/v1/files/file-1");
const reference: Reference = { kind: "file", id: "file-1", pointer: "" };
const code = "shared";

async function claim(owner: Owner | null, allow = false) {
  const ledger = { owners: () => [owner] };
  const unknownIds = allow ? "allow" : "refuse";
  return claimObjects(ledger, { ...connection, unknownIds }, exampleCaller, route, [reference]);
}

describe("an object that a request names", () => {
  it("is told to policy by its kind and owner, and one of another tenant as one that nobody knows", async () => {
    const unknown = { kind: "file", own: false, known: false, owner: null };
    expect((await claim(mine)).facts).toEqual([
      { kind: "file", own: true, known: true, owner: { subject, groups: ["research"] } },
    ]);
    expect((await claim(colleague)).facts[0]).toMatchObject({ own: false, known: true });
    expect((await claim(stranger)).facts).toEqual([unknown]);
    expect((await claim(null)).facts).toEqual([unknown]);
  });

  it.each<readonly [string, Owner | null, readonly Effect[], boolean]>([
    ["one's own", mine, [], true],
    ["a colleague's", colleague, [], false],
    ["a colleague's, by its place", colleague, [{ code, object: 0 }], true],
    ["a colleague's, by another place", colleague, [{ code, object: 1 }], false],
    ["a colleague's, by kind and group", colleague, [{ code, kind: "file", group: "research" }], true],
    ["a colleague's, by another group", colleague, [{ code, kind: "file", group: "sales" }], false],
    ["a colleague's, by another kind", colleague, [{ code, kind: "batch", group: "research" }], false],
    ["a colleague's, by its kind alone", colleague, [{ code, kind: "file" }], false],
    ["another tenant's, by its place", stranger, [{ code, object: 0 }], false],
    ["another tenant's, by its group", stranger, [{ code, kind: "file", group: "research" }], false],
    ["nobody's, by its place", null, [{ code, object: 0 }], false],
  ])("is open or not: %s", async (_, owner, shares, isOpen) => {
    const claims = await claim(owner);
    const settle = () => claims.settle(shares);
    if (isOpen) expect(settle).not.toThrow();
    else expect(settle).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  it("that nobody owns is open where the connection allows it, another's is not", async () => {
    const free = await claim(null, true);
    expect(free.settle([])).toEqual({ sessions: [], labels: [], finder: null, found: [] });
    const owned = await claim(colleague, true);
    expect(() => owned.settle([])).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  it("taints whoever it is shared with, and keeps what lies below it with its owner", async () => {
    const claims = await claim(colleague);
    const settled = claims.settle([{ code, object: 0 }]);
    expect(settled.labels).toEqual(["tainted"]);
    expect(settled.finder).toMatchObject({ subject: "colleague" });
    const session = {
      id: "s",
      origin: "own",
      name: null,
      labels: ["a"],
      isNew: true,
      history: null,
    } as const;
    expect(taint(session, settled.labels)).toMatchObject({ labels: ["a", "tainted"], inherits: true });
    expect(taint(session, ["a"])).toBe(session);
  });

  it("is shared in lists by its group alone, never by a place", () => {
    expect(isShared([{ code, object: 0 }], "file", colleague, exampleCaller, null)).toBe(false);
    expect(
      isShared([{ code, kind: "file", group: "research" }], "file", colleague, exampleCaller, null),
    ).toBe(true);
  });
});
