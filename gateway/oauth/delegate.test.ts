import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeptCaller } from "../identity/access-tokens.ts";
import { toSubjectId } from "../identity/subject-id.ts";
import type { Presented } from "./delegate.ts";
import { delegate, mintAgent } from "./delegate.ts";

const caller: KeptCaller = {
  tenant: "default",
  issuer: "https://login.example.com",
  subject: "ada",
  kind: "human",
  groups: ["developers", "research"],
  scopes: ["model:gpt-*"],
  claims: { department: "finance" },
  actsFor: null,
  agent: null,
  initiator: "person",
};
const held: Presented = { caller, parents: ["jwt_1"], expiresAt: 5000, until: null };
const robot: Presented = {
  caller: { ...caller, subject: "robot", kind: "agent", initiator: "agent" },
  parents: ["jwt_2"],
  expiresAt: 9000,
  until: 8000,
};
const FORM = { agent: "writer", agent_purpose: "writes the weekly report", agent_tools: "look_up mcp:docs" };
const mint = (of: Presented, form: Readonly<Record<string, string>>) =>
  mintAgent(of, new Map(Object.entries(form)));

describe("a minted agent", () => {
  test("has an identity of its own, acts for its owner and ends with it", () => {
    const minted = mint(held, FORM);
    expect(minted).toEqual({
      caller: {
        ...caller,
        issuer: "tollgate",
        subject: "writer of ada at https://login.example.com",
        kind: "agent",
        actsFor: "ada",
        agent: {
          name: "writer",
          owner: "ada",
          purpose: "writes the weekly report",
          tools: ["look_up", "mcp:docs"],
        },
      },
      parents: ["jwt_1", toSubjectId(caller)],
      expiresAt: 5000,
      until: 5000,
    });
  });

  test("has no tool unless it is given one", () => {
    const { agent_tools: _tools, ...form } = FORM;
    expect(mint(held, form).caller.agent?.tools).toEqual([]);
  });

  test("is in no group that its owner is not in", () => {
    const group = fc.constantFrom("developers", "research", "admins");
    fc.assert(
      fc.property(fc.array(group), fc.array(group), (owns, asks) => {
        const owner = { ...held, caller: { ...caller, groups: owns } };
        const form = { ...FORM, ...(asks.length > 0 && { agent_groups: asks.join(" ") }) };
        const isWithin = asks.every((one) => owns.includes(one));
        if (!isWithin) {
          expect(() => mint(owner, form)).toThrow("in no group");
          return;
        }
        const { groups } = mint(owner, form).caller;
        expect(new Set(groups)).toEqual(new Set(asks.length > 0 ? asks : owns));
      }),
    );
  });

  test("is told apart from every other agent, whatever issuers say", () => {
    const name = fc.stringMatching(/^[a-c]{1,2}$/);
    const subject = fc.stringMatching(/^(a| of | at |b){1,4}$/);
    const issuer = fc.constantFrom("https://a", "https://b", "tollgate");
    const one = fc.record({ name, subject, issuer });
    fc.assert(
      fc.property(one, one, (left, right) => {
        const [a, b] = [left, right].map(
          (of) =>
            mint(
              { ...held, caller: { ...caller, issuer: of.issuer, subject: of.subject } },
              { ...FORM, agent: of.name },
            ).caller.subject,
        );
        expect(a === b).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
    );
  });

  test.each([
    [{ agent: "" }, "agent is missing"],
    [{ agent: "a b" }, "name"],
    [{ agent: "a".repeat(65) }, "name"],
    [{ agent: `tg_${"a".repeat(40)}` }, "name"],
    [{ agent: ["sk", "proj", "abc"].join("-") }, "name"],
    [{ agent_tools: `look_up ek_tg_${"a".repeat(40)}` }, "tools"],
    [{ agent_purpose: "" }, "agent_purpose is missing"],
    [{ agent_purpose: "x".repeat(129) }, "purpose"],
    [{ agent_purpose: "pays by 4111 1111 1111 1111" }, "purpose"],
    [{ agent_purpose: "asks ada@example.com" }, "purpose"],
    [{ agent_purpose: `uses ${"k".repeat(40)}` }, "purpose"],
    [{ agent_tools: "é" }, "tools"],
    [{ agent_tools: Array.from({ length: 65 }, (_, index) => `t${index}`).join(" ") }, "tools"],
  ])("can't be asked for with %j", (form, told) => {
    const given = Object.entries({ ...FORM, ...form }).filter(([, value]) => value !== "");
    expect(() => mint(held, Object.fromEntries(given))).toThrow(told);
  });

  test("mints no other, nor does one that is registered", () => {
    expect(() => mint(mint(held, FORM), FORM)).toThrow("can't be passed on");
    expect(() => mint(robot, FORM)).toThrow("Nobody acts for an agent");
  });
});

describe("who acts for somebody", () => {
  test("was begun by that somebody, unless something else began it", () => {
    expect(delegate(held, robot).caller.initiator).toBe("person");
    const nightly: Presented = { ...robot, caller: { ...robot.caller, initiator: "schedule" } };
    expect(delegate(held, nightly).caller.initiator).toBe("schedule");
    const job: Presented = { ...held, caller: { ...caller, kind: "ci", initiator: "schedule" } };
    expect(delegate(job, robot).caller.initiator).toBe("schedule");
  });

  test("may do what both may, and is as old as the elder of what was shown", () => {
    const seen = (of: Presented, more: Partial<KeptCaller>): Presented => ({
      ...of,
      caller: { ...of.caller, ...more },
    });
    const one = seen(held, { groups: ["a", "b"], scopes: ["model:gpt-*"], issuedAt: 2 });
    const other = seen(robot, { groups: ["b", "c"], scopes: ["model:gpt-4.1", "operation:x"], issuedAt: 1 });
    expect(delegate(one, other)).toMatchObject({
      caller: { groups: ["b"], scopes: ["model:gpt-4.1", "operation:x"], issuedAt: 1, actsFor: "ada" },
      parents: ["jwt_2", "jwt_1", toSubjectId(caller)],
      until: 8000,
    });
    expect(delegate(one, seen(robot, { issuedAt: undefined })).caller.issuedAt).toBe(2);
    expect(delegate(held, robot).caller).not.toHaveProperty("issuedAt");
    expect(() => delegate(held, seen(robot, { tenant: "north" }))).toThrow("another tenant");
    expect(() => delegate(held, seen(robot, { actsFor: "eve" }))).toThrow("can't be passed on");
    expect(() => delegate(seen(held, { actsFor: "eve" }), robot)).toThrow("can't be passed on");
  });

  test("acts for no agent", () => {
    expect(() => delegate(robot, held)).toThrow("Nobody acts for an agent");
  });
});
