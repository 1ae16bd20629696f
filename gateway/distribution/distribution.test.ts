import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findBundle } from "../../db/queries/policy-bundles.ts";
import { listActivations, orderPolicy } from "../../db/queries/policy-orders.ts";
import type { PolicyOrder } from "../../db/queries/policy-orders.ts";
import { startBundleServer } from "../../test/fixtures/bundle-server.ts";
import type { BundleServer } from "../../test/fixtures/bundle-server.ts";
import { reviseBundle } from "../../test/fixtures/revise-bundle.ts";
import type { Revision } from "../../test/fixtures/revise-bundle.ts";
import { buildFixture } from "../../test/policy/fixture-bundle.ts";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { createDetectors } from "../detect/detector.ts";
import { createOutbound } from "../forward/outbound.ts";
import { createPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/load.ts";
import { toSampleFacts } from "../policy/sample-facts.ts";
import type { BundleState } from "./bundle-state.ts";
import { chooseFirst } from "./choose-first.ts";
import { createHttpSource } from "./http-source.ts";
import { keepInOrder, keepVersion } from "./keep-policy.ts";
import { createLastGood } from "./last-good.ts";
import { runDistribution } from "./run.ts";
import type { RunningDistribution } from "./run.ts";

/** A busy machine takes its time. */
const SOON = { timeout: 40_000, interval: 20 };

let database: TestDatabase;
let server: BundleServer;
let folder: string;
let names = 0;
const opened: { close(): unknown }[] = [];
const compile = createDetectors();

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startBundleServer({ holds: true });
  folder = mkdtempSync(join(tmpdir(), "tollgate-distribution-"));
});
afterEach(async () => {
  server.misbehave(null);
  for (const one of opened.splice(0).toReversed()) await one.close();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

type Begun = {
  readonly name: string;
  readonly policy: Policy;
  readonly running: RunningDistribution;
  readonly state: () => BundleState;
  readonly log: ReturnType<typeof createKeptLog>;
};

function toName(): string {
  names += 1;
  return `bundle-${names}`;
}

/** Begins as a gateway does, but for the wire. */
async function begin(name = toName(), gateway = "one"): Promise<Begun> {
  const log = createKeptLog();
  const { db } = database;
  const source = createHttpSource({
    source: { headers: {}, poll_s: 1, wait_s: 60, authorities: null, url: server.url },
    outbound: createOutbound({ proxy: null, isDirect: () => true, ca: null }),
    follow: () => ({ expected: "none" }),
    limits: { silenceMs: 2_000 },
  });
  const deps = {
    db,
    name,
    source,
    lastGood: createLastGood(join(folder, `${gateway}-${name}.bundle`), source.name),
    log,
  };
  const { first, opened: policy } = await chooseFirst(deps, (bundle, mayFall) => {
    let isFirst = true;
    return createPolicy({
      bundlePath: source.name,
      bundle,
      operatorPath: null,
      trust: null,
      checkPatterns: (patterns) => void compile(patterns),
      async beforeInForce(snapshot, loaded) {
        await keepInOrder(db, { name, ...loaded }, mayFall || !isFirst);
        await keepVersion(db, snapshot);
        isFirst = false;
      },
      log,
    });
  });
  opened.push(policy);
  const { bytes: _, ...begun } = policy.status().bundle;
  const running = await runDistribution({
    db,
    log,
    bundles: [{ ...deps, first, begun }],
    fleet: { prepare: (_, bytes) => policy.prepare(bytes), confirm: () => undefined },
    identity: { id: crypto.randomUUID(), name: gateway, address: "127.0.0.1:1", version: "0" },
  });
  opened.push(running);
  const state = (): BundleState => {
    const [bundle] = running.bundles();
    if (bundle === undefined) throw new TypeError("There is one bundle.");
    return bundle.state();
  };
  return { name, policy, running, state, log };
}

async function publish(revision: Revision): Promise<Buffer> {
  const bytes = await reviseBundle(revision);
  server.publish(bytes);
  return bytes;
}

const revisionOf = ({ policy }: Begun): string => policy.current().version.revision;
async function reaches(begun: Begun, revision: string): Promise<void> {
  await expect.poll(() => revisionOf(begun), SOON).toBe(revision);
}
async function problemOf({ state }: Begun): Promise<string> {
  await expect.poll(() => state().problem, SOON).not.toBeNull();
  return state().problem?.message ?? "";
}
async function order(
  name: string,
  kind: PolicyOrder["kind"],
  revision: string | null = null,
  why: string | null = null,
): Promise<void> {
  const bundle = revision === null ? null : await findBundle(database.db, revision, name);
  await orderPolicy(
    database.db,
    { bundle: name, kind, digest: bundle?.digest ?? null, by: "operator:test@here", why },
    { revision, serial: bundle?.serial ?? null },
  );
}
const history = async (name: string): Promise<string[]> =>
  (await listActivations(database.db, { bundle: name }, 100))
    .map(({ kind, revision, by }) => `${kind} ${revision ?? "unread"} by ${by}`)
    .toReversed();

test("what is published comes into force, is kept and recorded, and an exchange keeps what it began with", async () => {
  await publish({ revision: "a1", serial: 1 });
  const begun = await begin();
  expect(begun.state()).toMatchObject({ revision: "a1", serial: 1, problem: null, held: null });
  const before = begun.policy.current();
  await publish({ revision: "a2", serial: 2 });
  await reaches(begun, "a2");
  expect(before.version.revision).toBe("a1");
  expect(before.evaluate(toSampleFacts("request"))).toBeDefined();
  await expect
    .poll(() => history(begun.name), SOON)
    .toEqual([`activate a1 by ${server.url}`, `activate a2 by ${server.url}`]);
  expect((await findBundle(database.db, "a2", begun.name))?.serial).toBe(2);
});

test("it starts with the copy on this machine while the source is away, says so, and goes on when it is back", async () => {
  await publish({ revision: "b1", serial: 1 });
  const name = toName();
  const first = await begin(name);
  await expect.poll(() => history(name), SOON).toHaveLength(1);
  await publish({ revision: "b2", serial: 2 });
  await reaches(first, "b2");
  await expect.poll(() => history(name), SOON).toHaveLength(2);
  await first.running.close();
  server.misbehave((_, response) => response.writeHead(503).end());
  const second = await begin(name);
  expect(revisionOf(second)).toBe("b2");
  expect(second.state().by).toBe("the last good bundle, kept on this machine");
  expect(await problemOf(second)).toContain("answers with status 503");
  expect(second.log.lines.join("\n")).toContain("The gateway begins with the last good bundle");
  server.misbehave(null);
  await expect.poll(() => second.state().problem, SOON).toBeNull();
  await publish({ revision: "b3", serial: 3 });
  await reaches(second, "b3");
});

test("a machine without a copy, or with one that was changed, starts with what the database has", async () => {
  await publish({ revision: "c1" });
  const name = toName();
  const first = await begin(name);
  await first.running.close();
  server.misbehave((request) => request.socket.destroy());
  const other = await begin(name, "other");
  expect(other.state().by).toBe("the last bundle of the database");
  const path = join(folder, `one-${name}.bundle`);
  writeFileSync(path, "changed");
  expect((await begin(name)).state().by).toBe("the last bundle of the database");
  await expect(begin()).rejects.toThrow("There is no good bundle from before");
});

const slow = {
  rego: `request := plain if {
	many := numbers.range(1, 3000)
	some x in many
	some y in many
	some z in many
	x == y
	y == z
	z == 0
}`,
  manifest: { revision: "slow" },
  metadata: {},
};
/** 500 patterns, each with such a literal. */
const patterns500 = (literal: string) =>
  Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [
      `p${index}`,
      { class: "prohibited_prompt", any: [`${literal}${index}`] },
    ]),
  );

/** Gives a bundle's data with `gateway` changed. */
function withData(change: (gateway: Record<string, unknown>) => void): NonNullable<Revision["change"]> {
  return (files) => {
    const data: { gateway: Record<string, unknown> } = JSON.parse(
      files.get("/data.json")?.toString("utf8") ?? "",
    );
    change(data.gateway);
    files.set("/data.json", Buffer.from(JSON.stringify(data)));
  };
}

const REFUSED: readonly (readonly [string, () => Promise<Buffer>, string])[] = [
  ["is half a tarball", async () => (await reviseBundle({ revision: "half" })).subarray(0, 2000), "no gzip"],
  ["is no tarball at all", async () => Buffer.from("<html>Sign in</html>"), "no gzip"],
  ["is empty", async () => Buffer.alloc(0), "no gzip"],
  [
    "decides its canaries otherwise than it says",
    () =>
      reviseBundle({
        revision: "canaries",
        serial: 9,
        metadata: {
          canaries: [
            { name: "odd", facts: { phase: "request" }, decision: { deny: [{ code: "none_such" }] } },
          ],
        },
      }),
    'decides the canary "odd" otherwise',
  ],
  ["needs ten seconds to evaluate", () => buildFixture(slow), "took longer than"],
  [
    "has 500 patterns, one of them broken",
    () =>
      reviseBundle({
        revision: "patterns",
        change: withData((data) => (data["patterns"] = patterns500("?"))),
      }),
    "Pattern p0",
  ],
  [
    "holds 100 MB of data",
    () =>
      reviseBundle({
        revision: "large",
        change: (files) => files.set("/data.json", Buffer.alloc(100 << 20, " ")),
      }),
    "it unpacks to more than",
  ],
  [
    "is stock, without WebAssembly",
    () =>
      reviseBundle({
        revision: "stock",
        change: (files) => {
          files.delete("/policy.wasm");
          const manifest = JSON.parse(files.get("/.manifest")?.toString("utf8") ?? "");
          delete manifest.wasm;
          files.set("/.manifest", Buffer.from(JSON.stringify(manifest)));
        },
      }),
    "tollgate policy build",
  ],
  [
    "has a lower serial",
    () => reviseBundle({ revision: "older", serial: 4 }),
    "its serial is 4, and 5 was in force already",
  ],
  [
    "has the same serial",
    () => reviseBundle({ revision: "twin", serial: 5 }),
    "its serial is 5, and 5 was in force already",
  ],
  [
    "has no serial any more",
    () => reviseBundle({ revision: "bare" }),
    "it has no serial, and 5 was in force already",
  ],
];

describe("while a good one decides", () => {
  test.each(REFUSED)(
    "a bundle that %s is refused with its reason, once, and the good one goes on",
    { timeout: 60_000 },
    async (_, make, reason) => {
      await publish({ revision: "good", serial: 5 });
      const begun = await begin();
      server.publish(await make());
      expect(await problemOf(begun)).toContain(reason);
      expect(revisionOf(begun)).toBe("good");
      await expect.poll(() => history(begun.name), SOON).toHaveLength(2);
      expect((await history(begun.name))[1]).toMatch(/^refuse /);
      await publish({ revision: "better", serial: 6 });
      await reaches(begun, "better");
      await expect.poll(() => begun.state().problem, SOON).toBeNull();
    },
  );
});

test("a start with a refused bundle at the source takes the last good one", async () => {
  await publish({ revision: "d1", serial: 1 });
  const name = toName();
  const first = await begin(name);
  await expect.poll(() => history(name), SOON).toHaveLength(1);
  await first.running.close();
  server.publish(Buffer.from("no bundle"));
  const second = await begin(name);
  expect(revisionOf(second)).toBe("d1");
  expect(await problemOf(second)).toContain("no gzip");
});

test("a bundle that refuses everything is allowed, as is one with 500 patterns", async () => {
  await publish({
    revision: "closed",
    metadata: { canaries: [] },
    change: withData((data) => (data["params"] = { ...Object(data["params"]), groups: {} })),
  });
  const begun = await begin();
  expect(begun.policy.current().evaluate(toSampleFacts("request")).allow).toEqual([]);
  await publish({
    revision: "many",
    change: withData((data) => (data["patterns"] = patterns500("forbidden subject "))),
  });
  await reaches(begun, "many");
});

test("a source that fails and comes back is asked again, ever more rarely", async () => {
  await publish({ revision: "e1" });
  const begun = await begin();
  const before = server.asked.length;
  server.misbehave((_, response) => response.writeHead(500).end());
  await expect.poll(() => begun.state().failures, SOON).toBeGreaterThanOrEqual(3);
  // By then a source that is asked without a pause would have been asked thousands of times.
  expect(server.asked.length - before).toBeLessThan(12);
  expect(begun.state().problem?.message).toContain("answers with status 500");
  server.misbehave(null);
  await publish({ revision: "e2" });
  await reaches(begun, "e2");
  await expect.poll(() => begun.state(), SOON).toMatchObject({ failures: 0, problem: null });
});

describe("an order", () => {
  test("goes back to an earlier bundle and holds it, whatever is published, until the latest is ordered", async () => {
    await publish({ revision: "f1", serial: 1 });
    const begun = await begin();
    const other = await begin(begun.name, "other");
    await publish({ revision: "f2", serial: 2 });
    await Promise.all([reaches(begun, "f2"), reaches(other, "f2")]);
    await order(begun.name, "rollback", "f1", "too strict");
    await Promise.all([reaches(begun, "f1"), reaches(other, "f1")]);
    expect(begun.state().held).toEqual({
      kind: "rollback",
      by: "operator:test@here",
      why: "too strict",
    });
    await publish({ revision: "f3", serial: 3 });
    expect(revisionOf(await begin(begun.name, "third"))).toBe("f1");
    expect(revisionOf(begun)).toBe("f1");
    await order(begun.name, "latest");
    await Promise.all([reaches(begun, "f3"), reaches(other, "f3")]);
    expect(begun.state().held).toBeNull();
    await expect.poll(() => history(begun.name), SOON).toContain("rollback f1 by operator:test@here");
  });

  test("to activate one with a lower serial is refused: going back has a name of its own", async () => {
    await publish({ revision: "g1", serial: 1 });
    const begun = await begin();
    await publish({ revision: "g2", serial: 2 });
    await reaches(begun, "g2");
    await order(begun.name, "activate", "g1");
    expect(await problemOf(begun)).toContain("its serial is 1, and 2 was in force already");
    expect(revisionOf(begun)).toBe("g2");
  });

  test("that was given while a gateway was away holds when it starts", async () => {
    await publish({ revision: "h1", serial: 1 });
    const first = await begin();
    await publish({ revision: "h2", serial: 2 });
    await reaches(first, "h2");
    await first.running.close();
    await order(first.name, "rollback", "h1");
    const second = await begin(first.name);
    expect(revisionOf(second)).toBe("h1");
    expect(second.state()).toMatchObject({ held: { kind: "rollback" }, by: "operator:test@here" });
  });
});
