// Runs the same tests twice: against the simulated target itself, and against it through a gateway.
import OpenAI from "openai";
import { afterAll, beforeAll, describe } from "vitest";
import { createSimulator } from "../../../gateway/simulator/server.ts";
import type { Simulator } from "../../../gateway/simulator/server.ts";
import { startGateway } from "../../gateway.ts";
import type { RunningGateway } from "../../gateway.ts";
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
    const running = useGateway();
    let target: Target | undefined;
    beforeAll(async () => {
      target = toTarget(running().baseUrl, await running().createKey());
    });
    define(() => existing(target));
  });
}

/** Starts one gateway for the tests of a `describe` or file, on a database of its own. */
export function useGateway(options: Parameters<typeof startGateway>[0] = {}): () => RunningGateway {
  let database: TestDatabase | undefined;
  let gateway: RunningGateway | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
    gateway = await startGateway({ databaseUrl: database.url, ...options });
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
