// Keeps one PostgreSQL, and one gateway before a simulated target, for a whole test run: each is started when the first
// test asks for it, and stopped at the end.
import { once } from "node:events";
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { startPostgres } from "./start-postgres.ts";
import type { TestServer } from "./start-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A socket that answers `postgres` with the server's URL, and `gateway` with a `SharedGateway` in JSON. */
    readonly testDoor: string;
  }
}

/** Offers both to the test files; gives the function that takes them away. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-test-"));
  await chmod(folder, 0o755);
  let server: Promise<TestServer> | undefined;
  let shared: Promise<Shared> | undefined;

  async function answer(question: string): Promise<string> {
    server ??= startTemplate(folder);
    const running = await server;
    if (question === "postgres") return running.url;
    shared ??= startShared(running);
    const { gateway, databaseUrl } = await shared;
    return JSON.stringify({ baseUrl: gateway.baseUrl, databaseUrl });
  }

  const door = createServer({ allowHalfOpen: true }, (socket) => {
    text(socket)
      .then(answer)
      .then(
        (words) => socket.end(words),
        (error: unknown) => socket.end(`error: ${String(error)}`),
      );
  });
  const path = join(folder, "door.sock");
  door.listen(path);
  await once(door, "listening");
  project.provide("testDoor", path);
  return async () => {
    door.close();
    await shared?.then(({ gateway }) => gateway[Symbol.asyncDispose]()).catch(() => undefined);
    await server?.then((running) => running.stop()).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
}

type Shared = { readonly gateway: RunningGateway; readonly databaseUrl: string };

async function startShared(server: TestServer): Promise<Shared> {
  const databaseUrl = `${server.url}shared_gateway`;
  await server.createDatabase("shared_gateway");
  return { databaseUrl, gateway: await startGateway({ databaseUrl }) };
}

async function startTemplate(folder: string): Promise<TestServer> {
  const server = await startPostgres(folder);
  await server.createDatabase("template_tollgate");
  const db = openDatabase(`${server.url}template_tollgate`);
  await migrateDatabase(db);
  await db.close();
  return server;
}
