// `tollgate start --policy`: every change of a folder of policies decides in all workers, and what is wrong with it does not.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "undici";
import { z } from "zod";
import { writeSmallPolicy } from "../fixtures/small-policy.ts";
import { runTollgate, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

/** A build starts OPA a dozen times, on a machine that may be busy. */
const SOON = { timeout: 120_000, interval: 50 };
const RULE = "gateway/rules/own/stop/stop.rego";
const rule = `# METADATA
# title: Nothing more
# custom:
#   code: nothing_more
#   remedy: Wait.
#   phases: [request]
package gateway.rules.own.stop

deny contains {} if input.operation == "responses.create"
`;
const tests = `package gateway.rules.own.stop_test

import data.gateway.rules.own.stop

test_deny if count(stop.deny) == 1 with input.operation as "responses.create"
`;

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-start-policy-"));
  writeSmallPolicy(join(folder, "policy"));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  const file = join(folder, "policy", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function start(): Promise<RunningGateway> {
  return startGateway({
    databaseUrl: database.url,
    stateDir: join(folder, "state"),
    args: ["--policy", join(folder, "policy"), "--workers", "2"],
    env: { TEST_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"), OPENAI_SECRET: "a-secret" },
  });
}

const refusal = z.object({ error: z.object({ code: z.string() }) });

/** Asks on several connections, which the workers share; gives what they say. */
async function ask({ baseUrl }: RunningGateway, key: string): Promise<Set<string>> {
  const answers = Array.from({ length: 8 }, async () => {
    const { statusCode, body } = await request(`${baseUrl}/responses`, {
      method: "POST",
      reset: true,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4.1", input: "echo: hello" }),
    });
    const text = await body.text();
    return statusCode === 200 ? "allowed" : refusal.parse(JSON.parse(text)).error.code;
  });
  return new Set(await Promise.all(answers));
}

test(
  "a folder that is wrong from the beginning starts nothing, and is shown as a check shows it",
  { timeout: 180_000 },
  async () => {
    write("gateway/rules/own/stop/stop.rego", `${rule}deny contains {} if input.request.modle == "x"\n`);
    const { code, stdout, stderr } = await runTollgate(["start", "--policy", join(folder, "policy")], {
      PATH: process.env["PATH"],
      TOLLGATE_STATE_DIR: join(folder, "other"),
      TOLLGATE_SIMULATE: "true",
    });
    expect(code).toBe(1);
    expect(stdout).toContain(
      `${join(folder, "policy", RULE)}:10:21: error: undefined ref: input.request.modle`,
    );
    expect(stdout).toContain("= did you mean model?");
    expect(stderr).toBe("tollgate: The policy is not right: nothing was started.\n");
    rmSync(join(folder, "policy/gateway/rules/own"), { recursive: true });
  },
);

test(
  "each change decides in all workers once it is right, and the last good one meanwhile and at the next start",
  { timeout: 600_000 },
  async () => {
    const gateway = await start();
    try {
      // The banner comes once all workers serve.
      await expect
        .poll(() => gateway.log(), SOON)
        .toContain("built at every change: for development, not for production");
      const key = await gateway.createKey();
      expect(await ask(gateway, key)).toEqual(new Set(["allowed"]));

      write(RULE, rule);
      await expect.poll(() => gateway.log(), SOON).toContain("no test covers this line (coverage)");
      await expect
        .poll(() => gateway.log(), SOON)
        .toMatch(/The policy is not right: revision \w{12} goes on deciding\./);
      expect(await ask(gateway, key)).toEqual(new Set(["allowed"]));

      write("gateway/rules/own/stop/stop_test.rego", tests);
      await expect
        .poll(() => gateway.log(), SOON)
        .toMatch(/In force after [\d.]+ s: revision \w{12}, 4 rules; rule nothing_more is new\./);
      expect(await ask(gateway, key)).toEqual(new Set(["nothing_more"]));

      write("gateway/rules/own/stop/stop_test.rego", tests.replace("test_deny", "test_deny_all"));
      await expect.poll(() => gateway.log(), SOON).toContain("Right, and decides as before: revision ");
    } finally {
      await gateway[Symbol.asyncDispose]();
    }

    write(RULE, "no rule");
    await using again = await start();
    expect(again.log()).toContain("The policy is not right: the gateway begins with what was right on ");
    const key = await again.createKey();
    expect(await ask(again, key)).toEqual(new Set(["nothing_more"]));
    rmSync(join(folder, "policy/gateway/rules/own"), { recursive: true });
    await expect.poll(() => ask(again, key), SOON).toEqual(new Set(["allowed"]));
  },
);
