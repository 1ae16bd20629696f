// Whatever two gateways do at once, an approval is used at most once, and only with its quorum.
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../db/client.ts";
import type { Database } from "../db/client.ts";
import { castVote } from "../db/queries/approval-votes.ts";
import { askApproval, findApproval, useApprovals } from "../db/queries/approvals.ts";
import type { NewApproval } from "../db/queries/approvals.ts";
import { revoke } from "../db/queries/revocations.ts";
import { readFrom, toRules } from "../gateway/approvals/people.ts";
import { isEnough } from "../gateway/approvals/quorum.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

let database: TestDatabase;
let second: Database;
let gateways: readonly Database[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  second = openDatabase(database.url);
  gateways = [database.db, second];
  // Time is moved by hand.
  await database.db.sql`alter table approvals disable trigger approvals_stay_what_was_asked`;
});
afterAll(async () => {
  await second?.close();
  await database?.[Symbol.asyncDispose]();
});

const FROM = [["security"], ["finance", "board"]];
const PEOPLE: Readonly<Record<string, readonly string[] | null>> = {
  sam: ["security"],
  fay: ["finance"],
  bo: ["security", "board"],
  otto: ["developers"],
  own: ["security", "finance"],
  root: null,
};

function toQuestion(digest: string): NewApproval {
  return {
    id: randomUUID(),
    tenant: "default",
    digest,
    questionDigest: "q",
    code: "asks",
    question: "May it?",
    about: null,
    from: FROM,
    people: 2,
    withinSeconds: 3600,
    issuer: "tollgate",
    subject: "own",
    callerKind: "human",
    barred: ["own"],
    connection: "openai",
    operation: "responses.create",
    model: null,
    exchangeId: randomUUID(),
    revision: "r",
    dataRevision: "d",
    facts: {},
    sealed: Buffer.alloc(0),
    keyId: "k",
  };
}

type Step = {
  readonly does: "ask" | "use" | "late" | "unused" | "yes" | "no" | "revoke";
  readonly who: string;
};

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom("ask", "use", "use", "late", "unused", "yes", "yes", "yes", "yes", "no", "revoke"),
  who: fc.constantFrom(...Object.keys(PEOPLE)),
});

test("no interleaving of votes, expiry, revocation and use releases without a quorum, or twice", async () => {
  let released = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.tuple(step, fc.nat({ max: 1 })), { minLength: 1, maxLength: 4 }), {
        minLength: 2,
        maxLength: 8,
      }),
      async (rounds) => {
        const run = randomUUID();
        const toPerson = (name: string): string => JSON.stringify([run, "issuer", name]);
        const asked = new Set<string>();
        const uses = new Map<string, number>();
        const revoked = new Map<string, number>();
        let current = "";
        const ask = async (db: Database): Promise<void> => {
          current = (await askApproval(db, toQuestion(run))).id;
          asked.add(current);
        };
        await ask(database.db);
        for (const [round, steps] of rounds.entries()) {
          const id = current;
          await Promise.all(
            steps.map(async ([one, at]) => {
              const db = gateways[at] ?? database.db;
              if (one.does === "ask") return ask(db);
              if (one.does === "use") {
                if (await useApprovals(db, [id], randomUUID())) uses.set(id, (uses.get(id) ?? 0) + 1);
              } else if (one.does === "late") {
                await db.sql`update approvals set deadline = now() where id = ${id} and state = 'pending'`;
              } else if (one.does === "unused") {
                await db.sql`update approvals set expires_at = now() where id = ${id} and state = 'approved'`;
              } else if (one.does === "revoke") {
                await revoke(db, { kind: "subject", id: toPerson(one.who) });
                revoked.set(one.who, Math.min(round, revoked.get(one.who) ?? round));
              } else {
                const groups = PEOPLE[one.who] ?? null;
                const person = { person: toPerson(one.who), name: one.who, groups: groups && [...groups] };
                const rules = toRules({ ...person, subjects: [one.who] });
                const vote = one.does === "no" ? "deny" : "approve";
                const voted = await castVote(db, id, { ...person, vote, reason: "because" }, rules);
                if ((revoked.get(one.who) ?? round) < round) expect(voted.outcome).not.toBe("counted");
              }
            }),
          );
        }
        for (const id of asked) {
          const found = await findApproval(database.db, id);
          if (found === null) throw new Error("It is gone.");
          const { approval, votes } = found;
          expect(uses.get(id) ?? 0).toBe(approval.state === "used" ? 1 : 0);
          expect(votes.some(({ name }) => name === "own" || name === "otto")).toBe(false);
          if (approval.state !== "used") continue;
          released += 1;
          const yes = votes.filter(({ vote, at }) => vote === "approve" && at <= (approval.decidedAt ?? at));
          expect(isEnough({ from: readFrom(approval), people: 2 }, yes)).toBe(true);
          expect(votes.some(({ vote }) => vote === "deny")).toBe(false);
        }
        const open = await database.db.sql`
          select 1 from approvals where digest = ${run} and state in ('pending', 'approved')`;
        expect(open.length).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 60 },
  );
  // The cases are the same in every run: some of them do release.
  expect(released).toBeGreaterThan(0);
});

test("of many who use one approval at once one succeeds, and of two approvals both are used or neither", async () => {
  const [one, other] = await Promise.all([
    askApproval(database.db, toQuestion("one")),
    askApproval(second, toQuestion("other")),
  ]);
  const twice = await askApproval(second, toQuestion("one"));
  expect(twice.id).toBe(one.id);
  for (const name of ["sam", "fay"]) {
    const person = { person: name, name, groups: [...(PEOPLE[name] ?? [])] };
    await castVote(
      second,
      one.id,
      { ...person, vote: "approve", reason: null },
      toRules({ ...person, subjects: [name] }),
    );
  }
  expect(await useApprovals(second, [one.id, other.id], randomUUID())).toBe(false);
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      useApprovals(gateways[index % 2] ?? second, [one.id], randomUUID()),
    ),
  );
  expect(all.filter(Boolean)).toHaveLength(1);
});

test("votes and waits are only added, and what was asked stays", async () => {
  const { sql } = database.db;
  await sql`alter table approvals enable trigger approvals_stay_what_was_asked`;
  await expect(sql`update approval_votes set vote = 'approve'`).rejects.toThrow("only added");
  await expect(sql`delete from approval_exchanges`).rejects.toThrow("only added");
  await expect(sql`delete from approvals`).rejects.toThrow("only added");
  await expect(sql`update approvals set people = 0`).rejects.toThrow("only added");
});
