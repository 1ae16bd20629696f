// A platform's bundle and a team's decide together in a gateway with two workers: neither lifts what the other says.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { PermissionDeniedError } from "openai";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { packBundle } from "../gateway/bundle-archive/pack.ts";
import { unpackBundle } from "../gateway/bundle-archive/unpack.ts";
import { signFiles } from "../gateway/bundle-signature/bundle-signature.ts";
import { startBundleServer } from "./fixtures/bundle-server.ts";
import type { BundleServer } from "./fixtures/bundle-server.ts";
import { reviseBundle } from "./fixtures/revise-bundle.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { buildTeamBundle } from "./policy/team-bundle.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { replayRecord } from "./replay/replay-record.ts";

// It starts processes, which takes its time where others have the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const SOON = { timeout: 60_000, interval: 50 };

const keys = { platform: generateKeyPairSync("ed25519"), search: generateKeyPairSync("ed25519") };
const sign = async (bytes: Buffer, by: keyof typeof keys): Promise<Buffer> =>
  packBundle(
    await signFiles(await unpackBundle(bytes), {
      algorithm: "EdDSA",
      privateKey: keys[by].privateKey,
      keyId: by,
      scope: by,
    }),
  );
const toPem = (of: keyof typeof keys): string =>
  JSON.stringify(createPublicKey(keys[of].privateKey).export({ type: "spki", format: "pem" }));

let database: TestDatabase;
let server: BundleServer;
let gateway: RunningGateway;
let openai: OpenAI;
let nobody: OpenAI;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-bundles-"));
  const platform = join(folder, "platform.tar.gz");
  await writeFile(platform, await sign(await reviseBundle({ revision: "platform-1" }), "platform"));
  database = await createTestDatabase();
  server = await startBundleServer({ holds: true });
  server.publish(await sign(await buildTeamBundle({ revision: "search-1", serial: 1 }), "search"));
  gateway = await startGateway({
    databaseUrl: database.url,
    args: ["--workers", "2"],
    config: () => `
policy:
  bundles:
    - { name: platform, bundle: ${platform}, scope: platform, keys: [platform] }
    - { name: search, bundle: "${server.url}", scope: search, keys: [search] }
  signing:
    keys:
      - { id: platform, algorithm: EdDSA, public_key: ${toPem("platform")} }
      - { id: search, algorithm: EdDSA, public_key: ${toPem("search")} }
`,
  });
  const toClient = async (groups: string[]): Promise<OpenAI> =>
    new OpenAI({ baseURL: gateway.baseUrl, apiKey: await gateway.createKey({ groups }), maxRetries: 0 });
  openai = await toClient(["developers"]);
  nobody = await toClient([]);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  if (folder !== "") await rm(folder, { recursive: true });
});

const ask = (client: OpenAI, model: string, input = "echo: hello") =>
  client.responses.create({ model, input });
async function codeOf(asking: PromiseLike<unknown>): Promise<string> {
  const error = await Promise.resolve(asking).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof PermissionDeniedError ? String(error.code) : `no refusal: ${String(error)}`;
}
/** What each worker says: requests go to both in turn. */
async function codesOf(model: string): Promise<Set<string>> {
  const codes = new Set<string>();
  for (let turn = 0; turn < 6; turn += 1) codes.add(await codeOf(ask(openai, model)));
  return codes;
}
const revision = async (): Promise<string> => {
  const [row] = await database.db.sql`select revision from exchanges order by id desc limit 1`;
  return String(row?.["revision"]);
};

test("what the platform does not allow stays refused, and what the team refuses is refused", async () => {
  expect((await ask(openai, "gpt-4.1")).output_text).toBe("hello");
  expect(await codeOf(nobody.files.list())).toBe("policy_not_allowed");
  expect(await codeOf(ask(openai, "davinci-002"))).toBe("model_not_allowed");
  expect(await codeOf(ask(openai, "gpt-4.1-nano"))).toBe("no_nano");
  const [row] = await database.db.sql`select id from exchanges where codes = '{no_nano}' limit 1`;
  const shown = (await gateway.cli("exchanges", "show", String(row?.["id"]))).stdout;
  expect(shown).toContain("The team uses no small models");
  expect(shown).toMatch(/platform:platform-1@[0-9a-f]{16}\+search\?:search-1@[0-9a-f]{16}/);
});

test("of two masks the stricter counts", async () => {
  const card = "echo: 4111 1111 1111 1111";
  expect((await ask(openai, "gpt-4.1", card)).output_text).toBe("************1111");
  expect((await ask(openai, "gpt-4.1-mini", card)).output_text).toBe("[REDACTED:credit_card]");
});

test("a team's bundle that throws, or answers about other data, refuses", async () => {
  for (const model of ["gpt-4.1-2025-04-14", "gpt-5"])
    expect(await codeOf(ask(openai, model))).toBe("policy_unavailable");
});

test("each comes into force, is refused and is gone back to by itself, in all workers", async () => {
  const before = await revision();
  // Signed for another place, overlapping, or by the platform's key: the team's last good one goes on deciding.
  const overlapping = { revision: "search-2", serial: 2, code: "model_not_allowed" };
  server.publish(await sign(await buildTeamBundle(overlapping), "search"));
  const problem = async (): Promise<string> => (await gateway.cli("policy", "status")).stdout;
  await expect.poll(problem, SOON).toContain("both have a rule with the code model_not_allowed");
  server.publish(await sign(await buildTeamBundle({ revision: "search-3", serial: 3 }), "platform"));
  await expect.poll(problem, SOON).toContain("is of no key of policy.signing: search (EdDSA)");
  expect(await codesOf("gpt-4.1-nano")).toEqual(new Set(["no_nano"]));
  expect(await revision()).toBe(before);

  server.publish(
    await sign(await buildTeamBundle({ revision: "search-4", serial: 4, code: "no_tiny" }), "search"),
  );
  await expect.poll(() => codesOf("gpt-4.1-nano"), SOON).toEqual(new Set(["no_tiny"]));
  expect(await revision()).toContain("platform:platform-1@");
  expect(await revision()).toContain("+search?:search-4@");

  const back = await gateway.cli(
    "policy",
    "rollback",
    "--bundle",
    "search",
    "--to",
    "1",
    "--reason",
    "strict",
  );
  expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining("decides by search-1") });
  expect(await codesOf("gpt-4.1-nano")).toEqual(new Set(["no_nano"]));
  expect(await revision()).toBe(before);
  expect((await gateway.cli("policy", "rollback", "--to", "1", "--reason", "x")).stderr).toContain(
    "name one with --bundle (platform, search)",
  );
  const status = await gateway.cli("policy", "status", "--json");
  const shape = z.object({
    agreed: z.boolean(),
    gateways: z.array(
      z.object({ policies: z.array(z.object({ bundle: z.string(), revision: z.string() })) }),
    ),
  });
  expect(shape.parse(JSON.parse(status.stdout))).toMatchObject({
    agreed: true,
    gateways: [
      {
        policies: [
          { bundle: "platform", revision: "platform-1" },
          { bundle: "search", revision: "search-1" },
        ],
      },
    ],
  });
});

test("what they decided is replayed by them all, and with another one of them", async () => {
  const [row] = await database.db.sql`
    select revision from exchanges where revision like '%search-4%' limit 1`;
  const recorded = String(row?.["revision"]);
  const env = { TOLLGATE_CONFIG: "" };
  const same = await replayRecord(database.url, ["--bundle", recorded, "--against", recorded], env);
  expect(same.coverage.judged).toBeGreaterThan(10);
  expect(same.exchanges).toMatchObject({ changed: 0, new_denials: 0, lifted_denials: 0 });
  const first = (
    await database.db.sql`
    select revision from exchanges where revision like '%search-1%' limit 1`
  )[0]?.["revision"];
  const other = await replayRecord(database.url, ["--bundle", recorded, "--against", String(first)], env);
  expect(other.changes.map(({ change, code }) => `${change} ${code}`).toSorted()).toEqual([
    "gained no_tiny",
    "lost no_nano",
  ]);
  const team = join(folder, "team.tar.gz");
  await writeFile(team, await buildTeamBundle({ revision: "search-5", code: "no_minute" }));
  const tried = await gateway.cli("policy", "replay", "--bundle", `search=${team}`, "--json");
  expect(tried).toMatchObject({ code: 0 });
  expect(tried.stdout).toContain('"code": "no_minute"');
  expect(tried.stdout).toContain("platform:platform-1@");
});
