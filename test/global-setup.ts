// Keeps one PostgreSQL for a whole test run: started when the first test asks for it, stopped at the end.
import { once } from "node:events";
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { startPostgres } from "./start-postgres.ts";
import type { TestServer } from "./start-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A socket that answers with the database's URL. */
    readonly postgresSocket: string;
  }
}

/** Offers the database to the test files; gives the function that takes it away. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-test-"));
  await chmod(folder, 0o755);
  let running: Promise<TestServer> | undefined;
  const door = createServer((socket) => {
    running ??= startTemplate(folder);
    running.then(
      ({ url }) => socket.end(url),
      (error: unknown) => socket.end(`error: ${String(error)}`),
    );
  });
  const path = join(folder, "door.sock");
  door.listen(path);
  await once(door, "listening");
  project.provide("postgresSocket", path);
  return async () => {
    door.close();
    await running?.then((server) => server.stop()).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
}

async function startTemplate(folder: string): Promise<TestServer> {
  const server = await startPostgres(folder);
  await server.createDatabase("template_tollgate");
  const db = openDatabase(`${server.url}template_tollgate`);
  await migrateDatabase(db);
  await db.close();
  return server;
}
