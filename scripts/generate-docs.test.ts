import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../gateway/config/config.ts";
import { ERRORS } from "../gateway/errors.ts";
import { createPages, EXAMPLE } from "./generate-docs.ts";

test("the example of the configuration page is a right one", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-docs-"));
  try {
    const file = join(folder, "tollgate.yaml");
    writeFileSync(join(folder, "secret"), Buffer.alloc(32).toString("base64"));
    writeFileSync(file, EXAMPLE.replaceAll(/file:\S+/g, "file:secret"));
    const env = { DATABASE_URL: "postgres://user@database/tollgate", OPENAI_API_KEY: "sk-example" };
    expect(loadConfig({ file, env, cwd: folder }).config.workers).toBe(4);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every error has its line", async () => {
  const page = (await createPages()).get("docs/errors.md") ?? "";
  for (const code of Object.keys(ERRORS)) expect(page).toContain(`| \`${code}\` |`);
});
