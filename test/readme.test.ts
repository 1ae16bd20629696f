// Holds README.md to the code: its configuration, its operator's file, its rule and the commands that it names.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createProgram } from "../gateway/cli/program.ts";
import { loadConfig } from "../gateway/config/config.ts";
import { createSilentLog } from "../gateway/log.ts";
import { createPolicy } from "../gateway/policy/load.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const readme = await readFile(join(ROOT, "README.md"), "utf8");

function listBlocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1] ?? "",
  );
}

const [operatorFile = "", configFile = ""] = listBlocks("yaml");
const [rule = "", ruleTest = ""] = listBlocks("rego");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-readme-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("README.md", () => {
  test("shows a configuration that is right", async () => {
    await writeFile(join(folder, "key"), "a".repeat(64));
    await writeFile(join(folder, "operator.yaml"), operatorFile);
    const file = join(folder, "tollgate.yaml");
    await writeFile(file, configFile.replace(/file:\/etc\/tollgate\/\S+/g, "file:key"));
    const env = { DATABASE_URL: "postgres://localhost/tollgate", OPENAI_API_KEY: "key" };
    const { config } = loadConfig({ file, env, cwd: folder });
    expect(config.connections.map(({ name }) => name)).toEqual(["openai", "europe"]);
  });

  test("shows an operator's file that the policy takes", async () => {
    const operatorPath = join(folder, "operator.yaml");
    await writeFile(operatorPath, operatorFile);
    const policy = await createPolicy({
      bundlePath: join(ROOT, "bundles/default.tar.gz"),
      operatorPath,
      trust: null,
      checkPatterns: () => undefined,
      connectionLabels: () => ["production"],
      log: createSilentLog(),
    });
    expect(policy.status().problem).toBeNull();
    policy.close();
  });

  test("shows a rule whose tests pass beside the others", { timeout: 60_000 }, async () => {
    const rego = join(folder, "rego");
    await cp(join(ROOT, "rego"), rego, { recursive: true });
    const place = join(rego, "gateway/rules/tools/web_search");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "web_search.rego"), rule);
    await writeFile(join(place, "web_search_test.rego"), ruleTest);
    const run = promisify(execFile);
    const schema = ["--schema", join(rego, "schemas/facts.json")];
    await run(join(ROOT, "scripts/opa"), ["check", "--strict", ...schema, rego]);
    await run(join(ROOT, "scripts/opa"), ["fmt", "--fail", place]);
    const { stdout } = await run(join(ROOT, "scripts/opa"), ["test", rego, "--run", "web_search", ...schema]);
    expect(stdout).toContain("PASS: 3/3");
  });

  test("names commands that exist", async () => {
    const program = await createProgram({
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      env: {},
      cwd: folder,
      signal: AbortSignal.abort(),
    });
    const named = [...readme.matchAll(/\b(?:npx |`)tollgate ([a-z-]+)(?: ([a-z-]+))?/g)];
    expect(named.length).toBeGreaterThan(8);
    for (const [text, first, second] of named) {
      const command = program.commands.find((one) => one.name() === first);
      expect(command, text).toBeDefined();
      const inner = command?.commands.map((one) => one.name()) ?? [];
      if (inner.length > 0) expect(inner, text).toContain(second);
    }
  });

  test("names scripts that package.json has", async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
    const named = [...readme.matchAll(/\bnpm run (?:-s )?([a-z:]+)/g)].map((match) => match[1] ?? "");
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(scripts).toHaveProperty([name]);
  });
});
