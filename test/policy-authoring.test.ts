// That docs/policy-authoring.md leads from nothing to a rule that a gateway decides by: every block of it is run.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInProcess } from "./command.ts";
import { startGateway } from "./gateway.ts";
import type { CommandResult, RunningGateway } from "./gateway.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const blocks = [
  ...readFileSync(path("../docs/policy-authoring.md"), "utf8").matchAll(
    /```(\w+)(?: (\S+))?\n([\s\S]*?)```/g,
  ),
].map(([, language = "", word = "", text = ""]) => ({ language, word, text }));

let folder = "";
let gateway: RunningGateway | null = null;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-authoring-"));
  mkdirSync(join(folder, "bin"));
  symlinkSync(path("../bin/tollgate.js"), join(folder, "bin/tollgate"));
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Runs a block as a shell does that ends at the first command that fails. */
function run(text: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  const search = [join(folder, "bin"), dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  return new Promise((resolve) => {
    execFile(
      "sh",
      ["-ec", text],
      { cwd, env: { ...process.env, ...env, PATH: search } },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

it("leads from nothing to a rule in force", { timeout: 300_000 }, async () => {
  const repository = join(folder, "my-policy");
  let said = "";
  for (const [index, { language, word, text }] of blocks.entries()) {
    const cwd = index === 0 ? folder : repository;
    if (language === "rego") {
      mkdirSync(join(repository, dirname(word)), { recursive: true });
      writeFileSync(join(repository, word), text);
    } else if (language === "text" && word === "gateway")
      await expect.poll(() => gateway?.log(), { timeout: 120_000 }).toContain(text.trim());
    else if (language === "text") expect(said).toContain(text.trim());
    else if (word === "start") {
      expect(text).toBe("tollgate start --policy .\n");
      gateway = await startGateway({ args: ["--policy", repository] });
    } else {
      const key = (await gateway?.createKey()) ?? "";
      const { code, stdout, stderr } = await run(text, cwd, {
        OPENAI_BASE_URL: gateway?.baseUrl ?? "",
        OPENAI_API_KEY: key,
      });
      said = `${stdout}${stderr}`;
      expect(code, `${text}${said}`).toBe(0);
    }
  }
  expect(blocks.length).toBeGreaterThan(10);
  expect(gateway?.upstream.requests() ?? []).toEqual([]);

  // What was made is never written over.
  const again = await runInProcess(["policy", "init", "my-policy"], { cwd: folder, env: {} });
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("There is something in");
});
