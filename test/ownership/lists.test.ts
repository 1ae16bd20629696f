// Lists of the whole account: a caller sees its own objects, page by page, and no trace of anybody else's.
import type OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { randomUUID } from "node:crypto";
import { toTarget } from "../clients/js/targets.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { startAccountTarget } from "./account.ts";
import type { AccountTarget } from "./account.ts";

let database: TestDatabase;
let target: AccountTarget;
let gateway: RunningGateway;

async function start(): Promise<RunningGateway> {
  const operator = join(tmpdir(), `tollgate-operator-${randomUUID()}.yaml`);
  await writeFile(
    operator,
    "lists:\n  shared_kinds_of_groups:\n    - {group: research, kind: vector_store}\n",
  );
  return startGateway({
    databaseUrl: database.url,
    target: { url: target.url, credential: "key" },
    config: (url) => `
connections:
  - {name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true}
  - {name: lenient, base_url: "${url}", credential: "env:OPENAI_API_KEY", unknown_ids: allow}
policy: {operator: "${operator}"}
`,
  });
}
beforeAll(async () => {
  database = await createTestDatabase();
  target = await startAccountTarget();
  gateway = await start();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await target?.close();
  await database?.[Symbol.asyncDispose]();
});

beforeEach(() => target.reset());

async function enter(groups: readonly string[] = ["developers"], prefix = "/v1"): Promise<OpenAI> {
  return toTarget(`${gateway.origin}${prefix}`, await gateway.createKey({ groups })).client();
}

async function idsOf(list: AsyncIterable<{ readonly id: string }>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);
  return ids;
}

describe("a caller's list", () => {
  test("holds its own objects in order, over all pages, however many of others lie between", async () => {
    const [one, two] = await Promise.all([enter(), enter()]);
    const own: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      own.push((await one.vectorStores.create({})).id);
      await two.vectorStores.create({});
      for (let n = 0; n < 150; n += 1) target.add();
    }
    expect(await idsOf(one.vectorStores.list({ limit: 2, order: "asc" }))).toEqual(own);
    expect(await idsOf(one.vectorStores.list({ limit: 2 }))).toEqual(own.toReversed());
    expect(await idsOf(two.vectorStores.list({ limit: 2 }))).toHaveLength(5);
    const page = await one.get("/vector_stores", { query: { limit: 2, order: "asc" } });
    expect(page).toMatchObject({ object: "list", first_id: own[0], last_id: own[1], has_more: true });
    expect(page).not.toHaveProperty("total_count");
    const last = await one.vectorStores.list({ limit: 2, order: "asc", after: own[3] ?? "" });
    expect(last.data.map(({ id }) => id)).toEqual([own[4]]);
    expect(last.has_more).toBe(false);
    const back = await one.vectorStores.list({ limit: 2, order: "asc", before: own[4] ?? "" });
    expect(back.data.map(({ id }) => id)).toEqual([own[2], own[3]]);
    expect(back.has_more).toBe(true);
  });

  test("is empty where nothing is the caller's", async () => {
    for (let n = 0; n < 300; n += 1) target.add();
    const one = await enter();
    const page = await one.get("/vector_stores");
    expect(page).toMatchObject({ data: [], first_id: null, last_id: null, has_more: false });
  });

  test.each(["after", "before"])("does not begin at another's object (%s)", async (cursor) => {
    const [one, two] = await Promise.all([enter(), enter()]);
    const { id } = await two.vectorStores.create({});
    for (const foreign of [id, "vs_unknown"]) {
      await expect(one.vectorStores.list({ [cursor]: foreign })).rejects.toMatchObject({
        status: 404,
        code: "not_found",
        param: cursor,
      });
    }
    expect(target.listed).toEqual([]);
  });

  test("is refused by the target as without a gateway", async () => {
    const one = await enter();
    await expect(one.vectorStores.list({ limit: 1000 })).rejects.toMatchObject({
      status: 400,
      param: "limit",
    });
  });

  test("fails as a whole where a later page fails", async () => {
    for (let n = 0; n < 300; n += 1) target.add();
    target.reset(true);
    const one = toTarget(gateway.baseUrl, await gateway.createKey()).client({ maxRetries: 0 });
    await expect(one.vectorStores.list()).rejects.toMatchObject({ status: 500 });
  });
});

describe("objects of others", () => {
  test("are open to the group that shares their kind, but not to be deleted", async () => {
    const [one, two, stranger] = await Promise.all([
      enter(["developers", "research"]),
      enter(["developers", "research"]),
      enter(),
    ]);
    const { id } = await one.vectorStores.create({});
    const hidden = await stranger.vectorStores.create({});
    expect((await two.vectorStores.retrieve(id)).id).toBe(id);
    expect(await idsOf(two.vectorStores.list())).toEqual([id]);
    await expect(two.vectorStores.delete(id)).rejects.toMatchObject({ status: 404 });
    await expect(stranger.vectorStores.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(two.vectorStores.retrieve(hidden.id)).rejects.toMatchObject({ status: 404 });
    // What a group shares is what its members made in it.
    expect(await idsOf(stranger.vectorStores.list())).toEqual([hidden.id]);
    expect((await one.vectorStores.delete(id)).id).toBe(id);
  });

  test("do not become one's own by being read", async () => {
    const [one, two] = await Promise.all([
      enter(["developers", "research"]),
      enter(["developers", "research"]),
    ]);
    const { id } = await one.vectorStores.create({});
    await two.vectorStores.retrieve(id);
    await expect(two.vectorStores.delete(id)).rejects.toMatchObject({ status: 404 });
  });
});

describe("objects that nobody owns", () => {
  test("do not exist for anybody", async () => {
    const id = target.add();
    await expect((await enter()).vectorStores.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test("are open to all on a connection that allows them, and stay nobody's", async () => {
    const id = target.add();
    const [one, two] = await Promise.all([
      enter(["developers"], "/c/lenient/v1"),
      enter(["developers"], "/c/lenient/v1"),
    ]);
    const own = await one.vectorStores.create({});
    for (const client of [one, two]) expect((await client.vectorStores.retrieve(id)).id).toBe(id);
    const page = await two.vectorStores.list({ order: "desc" });
    expect(page.data[0]?.id).toBe(id);
    await expect(two.vectorStores.retrieve(own.id)).rejects.toMatchObject({ status: 404 });
    const [{ n } = { n: -1 }] = await database.db.sql<{ n: number }[]>`
      select count(*)::int as n from objects where id = ${id}`;
    expect(n).toBe(0);
  });
});

describe("an endless list", () => {
  test("says that it was not searched to its end instead of ending early", async () => {
    for (let n = 0; n < 5100; n += 1) target.add();
    await expect((await enter()).vectorStores.list()).rejects.toMatchObject({
      status: 502,
      code: "list_too_long",
    });
    expect(target.listed).toHaveLength(50);
    // An object of its own to begin at makes it short.
    const one = await enter();
    const { id } = await one.vectorStores.create({});
    expect((await one.vectorStores.list()).data.map((found) => found.id)).toEqual([id]);
  });
});
