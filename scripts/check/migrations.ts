// Compares the migrations with the schema: drizzle-kit must find nothing to add.
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { runCommand } from "./run-command.ts";

/** Gives what is wrong with the migrations, or null. They are generated once more beside the real ones, and thrown away. */
export async function compareMigrations(root: string): Promise<string | null> {
  const broken = await runCommand(root, ["drizzle-kit", "check"]);
  if (broken !== null) return broken;
  const cache = join(root, ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "migrations-"));
  try {
    const kept = join(root, "db", "migrations");
    await cp(kept, folder, { recursive: true });
    const out = relative(root, folder).replaceAll("\\", "/");
    const args = ["--dialect", "postgresql", "--schema", "./db/schema.ts", "--out", out, "--name", "missing"];
    const failed = await runCommand(root, ["drizzle-kit", "generate", ...args]);
    if (failed !== null) return failed;
    const before = new Set(await readdir(kept));
    const added = (await readdir(folder)).filter((name) => !before.has(name));
    const texts = await Promise.all(added.map((name) => readFile(join(folder, name), "utf8")));
    return added.length === 0
      ? null
      : `db/schema.ts says more than db/migrations/; run \`npx drizzle-kit generate --name WHAT\`. Missing:\n${texts.join("\n")}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
