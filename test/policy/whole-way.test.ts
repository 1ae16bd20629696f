// The whole way of a rule, by the command line: from an empty folder to two gateways under load, and back.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { runInProcess } from "../command.ts";
import { startBundleServer } from "../fixtures/bundle-server.ts";
import type { BundleServer } from "../fixtures/bundle-server.ts";
import { startGateway } from "../gateway.ts";
import type { CommandResult, RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const model = "gpt-4.1";
/** A busy machine takes its time. */
const SOON = { timeout: 60_000, interval: 10 };
const FOLDER = "policies/gateway/rules/own/web_search";
const rule = (type: string) => `# METADATA
# title: Web search is for researchers
# custom:
#   code: web_search_not_allowed
#   remedy: Ask without web search.
#   phases: [request]
package gateway.rules.own.web_search

deny contains {} if {
	some tool in input.tools
	startswith(tool.${type}, "web_search")
	not is_researcher
}

is_researcher if "researchers" in input.caller.groups
`;
const tests = `package gateway.rules.own.web_search_test

import data.gateway.rules.own.web_search

tools := [{"type": "web_search"}]

test_deny if count(web_search.deny) == 1 with input as {"tools": tools}

test_allow_researchers if {
	count(web_search.deny) == 0 with input as {"tools": tools, "caller": {"groups": ["researchers"]}}
}
`;

let folder: string;
let database: TestDatabase;
let bundles: BundleServer;
let one: RunningGateway;
let other: RunningGateway;
type Release = { readonly revision: string; readonly bytes: Buffer };
/** The repository as it began, and with the rule. */
let first: Release;
let second: Release;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-whole-way-"));
  database = await createTestDatabase();
  bundles = await startBundleServer({ holds: true });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  await bundles?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function policy(...args: readonly string[]): Promise<CommandResult> {
  return runInProcess(["policy", ...args], { cwd: folder, env: process.env });
}

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await policy(...args);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Builds and signs; gives the revision and the bundle. */
async function release(serial: number): Promise<Release> {
  const said = await succeed(
    "build",
    "policies",
    "--output",
    "main.tar.gz",
    "--serial",
    `${serial}`,
    "--json",
  );
  const { revision } = z.object({ revision: z.string() }).parse(JSON.parse(said));
  await succeed(
    "sign",
    "main.tar.gz",
    "--key",
    "release.pem",
    "--key-id",
    "release",
    "--scope",
    "production",
  );
  return { revision, bytes: readFileSync(join(folder, "main.tar.gz")) };
}

const readiness = z.object({ policy: z.object({ revision: z.string(), problem: z.boolean() }) });
async function readPolicy({ origin }: RunningGateway): Promise<{ revision: string; problem: boolean }> {
  return readiness.parse(await (await fetch(`${origin}/readyz`)).json()).policy;
}

/** Waits until both decide by a revision; gives how long it took. */
async function reach(revision: string): Promise<string> {
  const since = performance.now();
  for (const gateway of [one, other])
    await expect.poll(async () => (await readPolicy(gateway)).revision, SOON).toBe(revision);
  return `${Math.round(performance.now() - since)} ms`;
}

test(
  "a repository is made, and what it builds to serves once it is signed",
  { timeout: 300_000 },
  async () => {
    await succeed("init", "policies");
    await succeed("key", "--key-id", "release");
    first = await release(1);
    bundles.publish(first.bytes);
    const env = { TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
    const config = (url: string) => `
connections: [{ name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }]
policy:
  bundle: ${bundles.url}
  # So that nothing but long polling brings what is published.
  source: { poll_s: 3600 }
  signing:
    scope: production
    keys: [{ id: release, algorithm: EdDSA, public_key: "file:${join(folder, "release.pub.pem")}" }]
`;
    one = await startGateway({ databaseUrl: database.url, env, config });
    const target = { url: one.targetUrl, credential: one.credential };
    other = await startGateway({ databaseUrl: database.url, env, config, target });
    await reach(first.revision);
  },
);

test(
  "a slip of the pen in a rule is shown with its line, and the mended rule is tested and built",
  { timeout: 300_000 },
  async () => {
    mkdirSync(join(folder, FOLDER), { recursive: true });
    writeFileSync(join(folder, FOLDER, "web_search.rego"), rule("tpye"));
    writeFileSync(join(folder, FOLDER, "web_search_test.rego"), tests);
    const wrong = await policy("check", "policies");
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toContain(`${FOLDER}/web_search.rego:11:13: error: undefined ref: tool.tpye`);
    expect(wrong.stderr).toContain("= did you mean type?");
    writeFileSync(join(folder, FOLDER, "web_search.rego"), rule("type"));
    second = await release(2);
    const verified = await succeed(
      "verify",
      "main.tar.gz",
      "--public-key",
      "release.pub.pem",
      "--scope",
      "production",
    );
    expect(verified).toContain("main.tar.gz: signed");
  },
);

test(
  "published, it decides at both gateways under load, without a request that the switch refuses, and so does the way back",
  { timeout: 600_000 },
  async ({ annotate }) => {
    const keys = [await one.createKey(), await other.createKey()];
    const over = new AbortController();
    const refused: unknown[] = [];
    let sent = 0;
    /** By loop, what became of requests that search the web: only what changed from one to the next. */
    const searched: string[][] = [];
    const open = ({ baseUrl }: RunningGateway, apiKey: string) =>
      new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });

    async function ask(client: OpenAI): Promise<void> {
      while (!over.signal.aborted) {
        await client.responses.create({ model, input: "echo: hello" }).then(
          ({ output_text: text }) => text === "hello" || refused.push(text),
          (error: unknown) => refused.push(error),
        );
        sent += 1;
      }
    }
    async function stream(client: OpenAI): Promise<void> {
      while (!over.signal.aborted) {
        try {
          let last = "";
          const events = await client.responses.create({ model, input: "pace 5ms\nstream 20", stream: true });
          for await (const { type } of events) last = type;
          if (last !== "response.completed") refused.push(last);
        } catch (error) {
          refused.push(error);
        }
        sent += 1;
      }
    }
    async function search(client: OpenAI): Promise<void> {
      const seen: string[] = [];
      searched.push(seen);
      while (!over.signal.aborted) {
        const became = await client.responses
          .create({ model, input: "echo: hello", tools: [{ type: "web_search" }] })
          .then(
            () => "allowed",
            (error: unknown) => (error instanceof APIError ? String(error.code) : String(error)),
          );
        if (seen.at(-1) !== became) seen.push(became);
      }
    }
    /** Waits until all loops have seen the last of these, in this order and nothing else. */
    const see = (...outcomes: readonly string[]) =>
      expect.poll(() => searched, SOON).toEqual(searched.map(() => outcomes));

    const loads = [one, other].flatMap((gateway) =>
      keys.flatMap((key) => [ask, stream, search].map((load) => load(open(gateway, key)))),
    );
    await see("allowed");
    bundles.publish(second.bytes);
    await annotate(`both decided by what was published after ${await reach(second.revision)}`);
    await see("allowed", "web_search_not_allowed");

    const back = await one.cli("policy", "rollback", "--to", "1", "--reason", "too strict", "--wait", "45");
    expect(back).toMatchObject({ code: 0 });
    expect(back.stdout.match(new RegExp(`decides by ${first.revision}`, "g"))).toHaveLength(2);
    await see("allowed", "web_search_not_allowed", "allowed");
    const before = sent;
    await expect.poll(() => sent, SOON).toBeGreaterThan(before + 20);
    over.abort();
    await Promise.all(loads);
    expect(refused).toEqual([]);
    await annotate(`${sent} requests and streams besides, none of them refused`);
  },
);

const statusShape = z.object({
  agreed: z.boolean(),
  gateways: z.array(
    z.object({
      policies: z.array(z.object({ revision: z.string(), serial: z.number(), held: z.unknown() })),
    }),
  ),
});

test("status, history, metrics and the record say what decided where", { timeout: 120_000 }, async () => {
  const decided = await database.db.sql`select distinct revision from exchanges`;
  expect(new Set(decided.map((row) => row["revision"]))).toEqual(new Set([first.revision, second.revision]));
  const status = statusShape.parse(JSON.parse((await other.cli("policy", "status", "--json")).stdout));
  const held: unknown = expect.objectContaining({ kind: "rollback", why: "too strict" });
  const policies = [{ revision: first.revision, serial: 1, held }];
  expect(status).toEqual({ agreed: true, gateways: [{ policies }, { policies }] });
  expect(await one.cli("policy", "activate", first.revision)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("2 was in force already"),
  });
  expect(await one.cli("policy", "activate", "--latest", "--wait", "45")).toMatchObject({ code: 0 });
  await reach(second.revision);
  const history = (await one.cli("policy", "history")).stdout;
  expect(history).toMatch(new RegExp(`rollback +main +${first.revision.slice(0, 12)}… +1 +operator:`));
  const metrics = await (await fetch(`${one.adminOrigin}/metrics`)).text();
  expect(metrics).toContain(
    `tollgate_policy_bundle_info{bundle="main",revision="${second.revision}",serial="2"} 1`,
  );
});

test("a bundle that is refused leaves the last good one in force, and status says why", async () => {
  bundles.publish(Buffer.from("<html>Sign in</html>"));
  await expect.poll(async () => (await readPolicy(other)).problem, SOON).toBe(true);
  expect((await readPolicy(other)).revision).toBe(second.revision);
  const told = await one.cli("policy", "status");
  expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining("Something is wrong") });
  expect(told.stdout).toContain("is refused: it is no gzip");
});

test("commands find the rules of a bundle that came from elsewhere", async () => {
  const key = await one.createKey();
  const refused = await fetch(`${one.baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "davinci-002", input: "hello" }),
  });
  expect(refused.status).toBe(403);
  const shown = await other.cli("exchanges", "show", refused.headers.get("x-tollgate-exchange-id") ?? "");
  expect(shown.stdout).toContain("Use a model that your groups may use");
  const replayed = await other.cli(
    "policy",
    "replay",
    "--bundle",
    "active",
    "--since",
    "1h",
    "--limit",
    "20",
  );
  expect(replayed).toMatchObject({ code: 0, stderr: expect.not.stringContaining("There is no bundle") });
}, 180_000);
