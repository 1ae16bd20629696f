// Limits in a real database: what is reserved, settled and given back, by as many processes as there are.
import fc from "fast-check";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../db/client.ts";
import { listQuotas, resetQuotas } from "../../db/queries/quotas.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { GatewayError } from "../errors.ts";
import type { Effect } from "../exchange.ts";
import { createSilentLog } from "../log.ts";
import { toAsked } from "./amounts.ts";
import { toLimits } from "./limits.ts";
import type { Limit } from "./limits.ts";
import { createQuotas } from "./quotas.ts";
import type { Quotas, Reservation } from "./quotas.ts";

let database: TestDatabase;
let one: Quotas;
let other: Quotas;

function open(options: { beatMs?: number; deadMs?: number } = {}): Quotas {
  return createQuotas({
    db: database.db,
    log: createSilentLog(),
    onOutcome: () => undefined,
    onFreed: () => undefined,
    ...options,
  });
}

beforeAll(async () => {
  database = await createTestDatabase();
  one = open();
  other = open();
});
afterAll(async () => {
  await one.close();
  await other.close();
  await database[Symbol.asyncDispose]();
});

const scope = { tenant: "default", digest: (text: string) => text, show: (key: string) => key };
const asked = toAsked({ bytes: 100, opensSocket: false });
/** A window that no test sees end. */
const LONG_S = 31_000_000;
const REACHED = { isReached: true };
const UNREACHED = { isReached: false };

function limitsOf(...effects: Partial<Effect>[]): readonly Limit[] {
  return toLimits(
    effects.map((effect) => ({ code: "quotas", key: "", unit: "requests" as const, ...effect })),
    scope,
  );
}

const inAll = (name: string, limit: number): readonly Limit[] => limitsOf({ name, limit, window: LONG_S });
const atOnce = (name: string, limit: number): readonly Limit[] =>
  limitsOf({ name, limit, unit: "concurrent" });

/** Gives what was reserved; null where a limit has no room. */
async function take(quotas: Quotas, limits: readonly Limit[], amounts = asked): Promise<Reservation | null> {
  try {
    return await quotas.reserve(uuid(), limits, amounts);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "limit_reached") return null;
    throw error;
  }
}

async function read(name: string): Promise<{ used: number; reserved: number }> {
  const [row] = await listQuotas(database.db, { name }, 1);
  return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
}

async function refusalOf(work: Promise<unknown>): Promise<GatewayError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof GatewayError)) throw new Error("Nothing was refused.");
  return error;
}

describe("a limit", () => {
  test("lets as many through as it says, over two processes at once", async () => {
    const limits = inAll("many", 10);
    const taken = await Promise.all(
      Array.from({ length: 100 }, (_, index) => take(index % 2 === 0 ? one : other, limits)),
    );
    const given = taken.filter((reservation) => reservation !== null);
    expect(given).toHaveLength(10);
    expect(await read("many")).toEqual({ used: 10, reserved: 10 });
    await Promise.all(given.map((reservation) => reservation.end(REACHED)));
    expect(await read("many")).toEqual({ used: 10, reserved: 0 });
  });

  test("counts nothing of what never reached the target", async () => {
    const limits = inAll("unreached", 1);
    const first = await take(one, limits);
    expect(await take(other, limits)).toBeNull();
    await first?.end(UNREACHED);
    expect(await read("unreached")).toEqual({ used: 0, reserved: 0 });
    expect(await take(other, limits)).not.toBeNull();
  });

  test("is settled once, however often its exchange ends", async () => {
    const limits = inAll("once", 5);
    const first = await take(one, limits);
    await first?.end(REACHED);
    await first?.end(UNREACHED);
    expect(await read("once")).toEqual({ used: 1, reserved: 0 });
  });

  test("of what is under way at once is free again when that ends", async () => {
    const limits = atOnce("at-once", 1);
    for (let round = 0; round < 3; round += 1) {
      const first = await take(one, limits);
      expect(first).not.toBeNull();
      expect(await take(other, limits)).toBeNull();
      await first?.end(REACHED);
    }
    expect(await read("at-once")).toEqual({ used: 0, reserved: 0 });
  });

  test("is reserved together with the others, or not at all", async () => {
    const wide = { name: "wide", limit: 10, window: LONG_S };
    const narrow = { name: "narrow", limit: 150, window: LONG_S, unit: "bytes" as const };
    expect(await take(one, limitsOf(wide, narrow))).not.toBeNull();
    expect(await take(one, limitsOf(wide, narrow))).toBeNull();
    expect((await read("wide")).used).toBe(1);
    expect((await read("narrow")).used).toBe(100);
  });

  test("counts once under the strictest where several rules say the same", async () => {
    const twice = { name: "twice", window: LONG_S };
    const limits = limitsOf({ ...twice, limit: 5 }, { ...twice, limit: 2 }, { ...twice, limit: 9 });
    expect(limits).toHaveLength(1);
    expect(await take(one, limits)).not.toBeNull();
    expect(await take(one, limits)).not.toBeNull();
    expect(await take(one, limits)).toBeNull();
  });

  test("counts apart what has another key, name, window or tenant", () => {
    const same = { name: "n", limit: 5, window: 60 };
    const ids = [
      ...limitsOf(same, { ...same, key: "b" }, { ...same, name: "m" }, { ...same, window: "minute" }),
      ...toLimits([{ code: "quotas", key: "", unit: "requests", ...same }], { ...scope, tenant: "t" }),
    ].map(({ counter }) => counter.id);
    expect(new Set(ids).size).toBe(5);
  });

  test("that is changed holds for what was counted before", async () => {
    expect(await take(one, inAll("changed", 5))).not.toBeNull();
    expect(await take(one, inAll("changed", 1))).toBeNull();
    expect(await take(other, inAll("changed", 2))).not.toBeNull();
  });

  test("begins anew with its window, by the database's clock", async () => {
    const limits = limitsOf({ name: "short", limit: 1, window: 1 });
    expect(await take(one, limits)).not.toBeNull();
    await vi.waitFor(async () => expect(await take(one, limits)).not.toBeNull(), {
      timeout: 10_000,
      interval: 50,
    });
  });

  test("says when there is room again, and which it is", async () => {
    const limits = inAll("told", 1);
    const first = await one.reserve(uuid(), limits, asked);
    expect(first.headers).toEqual({
      "ratelimit-policy": '"told";q=1;qu="requests";w=31000000',
      ratelimit: expect.stringMatching(/^"told";r=0;t=\d+$/),
    });
    const error = await refusalOf(one.reserve("01a1fe0f-e8ae-753e-8006-a140653a01f6", limits, asked));
    expect(error.message).toMatch(
      /^Limit reached \(quotas\): told has 0 of 1 requests per 359 days left\. Try again in \d+ (second|minute|hour|day)s?\. \[exchange 01a1/,
    );
    expect([error.status, error.recordedCode, error.publicCode]).toEqual([429, "quotas", "limit_reached"]);
    const minute = limitsOf({ name: "soon", limit: 1, window: 30 });
    // The window may end between the two.
    const soon = await vi.waitFor(() => refusalOf(one.reserve(uuid(), minute, asked)));
    expect(Number(soon.told?.headers["retry-after"])).toBeLessThanOrEqual(30);
    expect(soon.told?.headers).not.toHaveProperty("x-should-retry");
    const never = await refusalOf(one.reserve(uuid(), inAll("never", 0), asked));
    expect(never.message).toContain("It can never fit.");
    expect(never.told?.headers).toMatchObject({ "x-should-retry": "false" });
  });

  test("that slides counts what was used at any moment of its window", async () => {
    const limits = limitsOf({ name: "sliding", limit: 2, window: 6_000, sliding: true });
    const pass = (seconds: number) => database.db.sql`
      update quota_buckets b set start = b.start - ${seconds} * interval '1 second'
      from quota_counters k where k.id = b.counter and k.name = 'sliding'`;
    expect(await take(one, limits)).not.toBeNull();
    await pass(5_900);
    expect(await take(one, limits)).not.toBeNull();
    const error = await refusalOf(one.reserve(uuid(), limits, asked));
    // The first is nearly out, the second has only begun.
    expect(error.message).toMatch(
      /sliding has 0 of 2 requests per 100 minutes left. Try again in (\d+ seconds|[234] minutes)/,
    );
    await pass(300);
    expect(await take(other, limits)).not.toBeNull();
    expect(await take(one, limits)).toBeNull();
  });

  test("that is soft lets through what is over it, and says so", async () => {
    const soft = { name: "soft", limit: 1, window: LONG_S, soft: true } as const;
    const limits = limitsOf(soft, { name: "soft", limit: 2, window: LONG_S });
    const first = await one.reserve(uuid(), limits, asked);
    expect([first.over, first.headers["x-tollgate-limits-over"]]).toEqual([[], undefined]);
    const second = await one.reserve(uuid(), limits, asked);
    expect(second.over).toEqual([{ code: "quotas", about: "soft: 2 of 1 requests per 359 days" }]);
    expect(second.headers["x-tollgate-limits-over"]).toBe("soft");
    expect((await refusalOf(one.reserve(uuid(), limits, asked))).message).toContain("0 of 2 requests");
  });

  test("that is reset counts from what is under way", async () => {
    const limits = inAll("reset", 2);
    await (await take(one, limits))?.end(REACHED);
    const open = await take(one, limits);
    expect(await take(one, limits)).toBeNull();
    expect(await resetQuotas(database.db, { name: "reset", key: null }, "operator:test@here")).toBe(1);
    expect(await read("reset")).toEqual({ used: 1, reserved: 1 });
    expect(await take(one, limits)).not.toBeNull();
    await open?.end(UNREACHED);
    expect((await read("reset")).used).toBe(1);
  });
});

describe("a process that dies", () => {
  test("leaves nothing under way, and what it may have used", async () => {
    const dying = open({ beatMs: 1e9 });
    const limits = [...atOnce("left-open", 1), ...inAll("left-used", 10)];
    expect(await take(dying, limits)).not.toBeNull();
    const watching = open({ beatMs: 20, deadMs: 200 });
    await vi.waitFor(async () => expect(await read("left-open")).toEqual({ used: 0, reserved: 0 }), {
      timeout: 20_000,
    });
    expect(await read("left-used")).toEqual({ used: 1, reserved: 0 });
    await dying.close();
    await watching.close();
  });

  test("is not one that only another has not heard of for long", async () => {
    const alive = open({ beatMs: 20 });
    const watching = open({ beatMs: 20, deadMs: 20_000 });
    const limits = atOnce("alive", 1);
    const reservation = await take(alive, limits);
    expect(await take(watching, limits)).toBeNull();
    await reservation?.end(REACHED);
    await alive.close();
    await watching.close();
  });

  test("ends what it has under way where others have taken it for dead", async () => {
    const paused = open({ beatMs: 50 });
    const reservation = await take(paused, atOnce("paused", 1));
    const lost = new Promise<GatewayError>((resolve) => reservation?.onLost(resolve));
    // What others do that see its number stand still.
    await database.db.sql`
      select quota_expire(json_agg(json_build_object('id', id, 'beat', beat))) from quota_holders
      where id in (select holder from quota_reservations r join quota_counters k on k.id = r.counter where k.name = 'paused')`;
    expect((await lost).code).toBe("limits_unavailable");
    await paused.close();
  });
});

test("a limit that can't be counted refuses", async () => {
  const db = openDatabase("postgres://nobody@127.0.0.1:1/nothing", { connectTimeoutSeconds: 1 });
  const lonely = createQuotas({
    db,
    log: createSilentLog(),
    onOutcome: () => undefined,
    onFreed: () => undefined,
  });
  const error = await refusalOf(lonely.reserve(uuid(), inAll("away", 5), asked));
  expect([error.code, error.status]).toEqual(["limits_unavailable", 503]);
  await lonely.close();
  await db.close();
});

test("any order of reserving, ending, dying and changing stays within the limit and leaves nothing reserved", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          does: fc.constantFrom("take", "take", "take", "end", "fail", "die"),
          by: fc.nat({ max: 1 }),
          which: fc.nat({ max: 20 }),
          bytes: fc.integer({ min: 0, max: 40 }),
        }),
        { maxLength: 25 },
      ),
      async (steps) => {
        run += 1;
        const name = `model-${run}`;
        const limits = [
          ...limitsOf({ name, limit: 100, window: LONG_S, unit: "bytes" }),
          ...atOnce(`${name}-at-once`, 3),
        ];
        const processes = [open({ beatMs: 1e9 }), open({ beatMs: 1e9 })];
        const under: { by: number; bytes: number; reservation: Reservation }[] = [];
        let used = 0;
        for (const { does, by, which, bytes } of steps) {
          const process = processes[by];
          if (process === undefined) continue;
          if (does === "take") {
            const fits =
              used + under.reduce((sum, one) => sum + one.bytes, 0) + bytes <= 100 && under.length < 3;
            const reservation = await take(process, limits, toAsked({ bytes, opensSocket: false }));
            expect(reservation !== null).toBe(fits);
            if (reservation !== null) under.push({ by, bytes, reservation });
          } else if (does === "die") {
            // What another process does that has seen it stand still; the dead one's own end comes too late.
            await process.close();
            const late = under.filter((one) => one.by === by);
            for (const one of late) {
              used += one.bytes;
              under.splice(under.indexOf(one), 1);
            }
            processes[by] = open({ beatMs: 1e9 });
          } else {
            const [one] = under.splice(which % Math.max(1, under.length), 1);
            if (one === undefined) continue;
            await one.reservation.end({ isReached: does === "end" });
            if (does === "end") used += one.bytes;
          }
          const reserved = under.reduce((sum, one) => sum + one.bytes, 0);
          expect(await read(name)).toEqual({ used: used + reserved, reserved });
          expect(await read(`${name}-at-once`)).toEqual({ used: under.length, reserved: under.length });
        }
        for (const { reservation } of under) await reservation.end(REACHED);
        expect((await read(name)).reserved).toBe(0);
        expect(await read(`${name}-at-once`)).toEqual({ used: 0, reserved: 0 });
        for (const process of processes) await process.close();
      },
    ),
    { numRuns: 25 },
  );
});
