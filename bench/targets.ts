// Starts what the benchmark compares: the mock target, the bare proxy before it, and a whole gateway before it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startGateway } from "../test/gateway.ts";
import type { Aim } from "./load.ts";

/** Something to measure. */
export type BenchTarget = Aim & {
  readonly name: string;
  readonly pid: number;
  close(): Promise<void>;
};

/** Starts the mock target. */
export function startUpstream(): Promise<BenchTarget> {
  return startScript("upstream.ts", []);
}

/** Starts the bare proxy before `upstream`. */
export async function startBare(upstream: string): Promise<BenchTarget> {
  return { ...(await startScript("bare.ts", [upstream])), name: "bare" };
}

/** Starts a gateway on an embedded PostgreSQL before `upstream`, with identity, policy and recording as they come. */
export async function startTollgate(
  upstream: string,
  options: { readonly profileTo: string | null },
): Promise<BenchTarget> {
  const gateway = await startGateway({
    target: { url: `${upstream}/v1`, credential: "benchmark-credential" },
    env: { TOLLGATE_LOG_LEVEL: "warn" },
    // One caller opens all idle sockets.
    config: (url) =>
      `connections:\n  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }\n` +
      "limits: { per_caller: { sockets: 1000 } }\n",
    nodeArgs: options.profileTo === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileTo}`],
  });
  const token = await gateway.createKey({ name: "benchmark" });
  return {
    name: "tollgate",
    origin: gateway.origin,
    token,
    pid: gateway.pid,
    close: () => gateway[Symbol.asyncDispose](),
  };
}

async function startScript(file: string, args: readonly string[]): Promise<BenchTarget> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [port] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(() => Promise.reject(new Error(`${file} ended at once.`))),
  ]);
  return {
    name: file,
    origin: `http://127.0.0.1:${String(port)}`,
    token: "none",
    pid: child.pid ?? 0,
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
