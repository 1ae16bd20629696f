// A gateway in front of a target whose sockets a test holds in its hand.
import { afterAll, beforeAll } from "vitest";
import { insertKey, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { openSocket } from "./client.ts";
import type { Client } from "./client.ts";
import { startSocketTarget } from "./socket-target.ts";
import type { Opened, SocketTarget } from "./socket-target.ts";

/** What runs for the tests of one file. */
export type Sockets = {
  readonly target: SocketTarget;
  readonly database: TestDatabase;
  readonly gateway: RunningGateway;
  /** A key of an admin's. */
  readonly key: string;
  /** Opens a socket through the gateway, and gives both its ends. */
  open(path: string, token?: string): Promise<readonly [Client, Opened]>;
};

/** Starts them before the tests of the file that calls it, and stops them after. */
export function useSockets(): () => Sockets {
  let started: Sockets | null = null;
  beforeAll(async () => {
    const target = await startSocketTarget();
    const database = await createTestDatabase();
    const gateway = await startGateway({
      databaseUrl: database.url,
      target: { url: target.url, credential: "a-credential" },
    });
    const key = await insertKey(database.url, { groups: ["admins"] });
    const open = async (path: string, token = key): Promise<readonly [Client, Opened]> => {
      const client = await openSocket(`${gateway.baseUrl}${path}`, { token });
      return [client, await target.next()];
    };
    started = { target, database, gateway, key, open };
  });
  afterAll(async () => {
    await started?.gateway[Symbol.asyncDispose]();
    await started?.database[Symbol.asyncDispose]();
    await started?.target.close();
  });
  return () => {
    if (started === null) throw new Error("The sockets are not up.");
    return started;
  };
}
