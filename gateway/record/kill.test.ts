import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";

/** A process that records exchanges, many at once, and prints each id once `opened()` has resolved. */
const PROGRAM = `
  import { openDatabase } from "./db/client.ts";
  import { toOpened } from "./test/fixtures/example-rows.ts";
  import { createRecorder } from "./gateway/record/recorder.ts";
  import { writeSync } from "node:fs";
  const recorder = createRecorder({ db: openDatabase(process.argv[1]), box: undefined, log: console });
  const work = async () => {
    for (;;) {
      const row = toOpened();
      await recorder.opened(row);
      writeSync(1, row.id + "\\n");
    }
  };
  await Promise.all(Array.from({ length: 32 }, work));
`;

test("what opened() has resolved is in the database after kill -9", async () => {
  await using database = await createTestDatabase();
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, database.url], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
    if (printed.length > 37 * 500) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  const ids = printed.split("\n").filter((line) => line.length === 36);
  expect(ids.length).toBeGreaterThan(400);
  const rows = await database.db.sql<{ id: string }[]>`select id from exchanges where id = any(${ids})`;
  const stored = new Set(rows.map(({ id }) => id));
  expect(ids.filter((id) => !stored.has(id))).toEqual([]);
});
