import { expect, test } from "vitest";
import type { Revocation, RevocationReader } from "../../db/queries/revocations.ts";
import { createSilentLog } from "../log.ts";
import { createRevocationLog } from "./revocation-log.ts";

/** A log in memory that can be away, and slow. */
function createReader(first: Revocation[] = []) {
  const rows = [...first];
  const state = { isAway: false, reads: 0, hold: null as Promise<void> | null };
  const reader: RevocationReader = {
    async readLast() {
      state.reads += 1;
      if (state.isAway) throw new Error("away");
      return rows.at(-1)?.seq ?? 0;
    },
    async readAfter(seq) {
      state.reads += 1;
      if (state.isAway) throw new Error("away");
      const seen = rows.filter((row) => row.seq > seq);
      await state.hold;
      return seen;
    },
    close: async () => undefined,
  };
  return { reader, rows, state };
}

function start(first: Revocation[] = []) {
  const clock = { now: 0 };
  const seen: string[] = [];
  const { reader, rows, state } = createReader(first);
  const log = createRevocationLog({
    reader,
    onRevocation: ({ id }) => seen.push(id),
    log: createSilentLog(),
    now: () => clock.now,
    pollMs: 1_000_000,
  });
  return { log, clock, seen, rows, state };
}

const revocation = (seq: number): Revocation => ({ seq, kind: "credential", id: `key-${seq}`, at: 0 });

test("is fresh only after the database has confirmed it", async () => {
  const { log, clock } = start();
  expect(log.isFresh()).toBe(false);
  await log.confirm();
  expect(log.isFresh()).toBe(true);
  clock.now = 1000;
  expect(log.isFresh()).toBe(true);
  clock.now = 1001;
  expect(log.isFresh()).toBe(false);
  await log.close();
});

test("begins at the log's end and tells what comes, in order and once", async () => {
  const { log, seen, rows } = start([revocation(1), revocation(2)]);
  await log.confirm();
  rows.push(revocation(3), revocation(4));
  await log.confirm();
  await log.confirm();
  expect(seen).toEqual(["key-3", "key-4"]);
  await log.close();
});

test("refuses to confirm while the database is away, and recovers", async () => {
  const { log, state, seen, rows } = start();
  await log.confirm();
  state.isAway = true;
  await expect(log.confirm()).rejects.toMatchObject({ code: "identity_unavailable" });
  rows.push(revocation(1));
  state.isAway = false;
  await log.confirm();
  expect(seen).toEqual(["key-1"]);
  await log.close();
});

test("isn't confirmed by a read that asked before the request came", async () => {
  const { log, state, seen, rows } = start();
  await log.confirm();
  const gate = Promise.withResolvers<void>();
  state.hold = gate.promise;
  log.wake();
  rows.push(revocation(1));
  const confirmed = log.confirm();
  state.hold = null;
  gate.resolve();
  await confirmed;
  expect(seen).toEqual(["key-1"]);
  await log.close();
});

test("asks once for all requests that wait", async () => {
  const { log, state } = start();
  await log.confirm();
  const before = state.reads;
  await Promise.all(Array.from({ length: 100 }, () => log.confirm()));
  expect(state.reads - before).toBeLessThanOrEqual(2);
  await log.close();
});
