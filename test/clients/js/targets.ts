// Runs the same tests twice: against the simulated target itself, and against it through a gateway.
import OpenAI from "openai";
import { afterAll, beforeAll, describe } from "vitest";
import { z } from "zod";
import { createSimulator } from "../../../gateway/simulator/server.ts";
import type { Simulator } from "../../../gateway/simulator/server.ts";
import { askDoor } from "../../door.ts";
import { insertKey, startGateway } from "../../gateway.ts";
import type { GatewayOptions, KeyOptions, RunningGateway } from "../../gateway.ts";
import { createTestDatabase } from "../../postgres.ts";
import type { TestDatabase } from "../../postgres.ts";

/** Where a program's calls go. */
export type Target = {
  readonly baseURL: string;
  readonly apiKey: string;
  /** Gives a client of its own that does not retry. */
  client(options?: { readonly maxRetries?: number }): OpenAI;
};

/** Registers `define` for both targets; the target stands once a test runs. */
export function onBothTargets(define: (target: () => Target) => void): void {
  describe("against the simulated target itself", () => {
    let simulator: Simulator | undefined;
    let target: Target | undefined;
    beforeAll(async () => {
      simulator = createSimulator({ credential: "simulated-credential" });
      const { url } = await simulator.listen(0, "127.0.0.1");
      target = toTarget(url, "simulated-credential");
    });
    afterAll(() => simulator?.close());
    define(() => existing(target));
  });
  describe("through the gateway", () => {
    const shared = useSharedGateway();
    let target: Target | undefined;
    beforeAll(async () => {
      target = await shared().newTarget();
    });
    define(() => existing(target));
  });
}

/** The gateway that all test files of a run share. */
export type SharedGateway = {
  /** Makes a key of its own and gives the way in with it. */
  newTarget(options?: KeyOptions): Promise<Target>;
};

const sharedGateway = z.object({ baseUrl: z.string(), databaseUrl: z.string() });

/** Uses the shared gateway: for tests that need nothing of it but keys. */
export function useSharedGateway(): () => SharedGateway {
  let gateway: SharedGateway | undefined;
  beforeAll(async () => {
    const { baseUrl, databaseUrl } = sharedGateway.parse(JSON.parse(await askDoor("gateway")));
    gateway = {
      newTarget: async (options) => toTarget(baseUrl, await insertKey(databaseUrl, options)),
    };
  });
  return () => existing(gateway);
}

/** A gateway with the database that it records in. */
export type RecordedGateway = RunningGateway & { readonly database: TestDatabase };

/** Starts one gateway for the tests of a `describe` or file, on a database of its own. */
export function useGateway(options: Omit<GatewayOptions, "databaseUrl"> = {}): () => RecordedGateway {
  let database: TestDatabase | undefined;
  let gateway: RecordedGateway | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
    gateway = { ...(await startGateway({ ...options, databaseUrl: database.url })), database };
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });
  return () => existing(gateway);
}

/** Makes a target of a base URL and a key. */
export function toTarget(baseURL: string, apiKey: string): Target {
  return {
    baseURL,
    apiKey,
    client: ({ maxRetries = 0 } = {}) => new OpenAI({ baseURL, apiKey, maxRetries }),
  };
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("It is not started.");
  return value;
}
