// Runs the JavaScript programs of examples/ as a user does, and watches that nothing of theirs goes anywhere else.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useGateway } from "./targets.ts";

const gateway = useGateway();
const folder = fileURLToPath(new URL("../../../examples/javascript/", import.meta.url));
/** What programs asked to be put through to, past the gateway. */
const outside: string[] = [];
let proxy: Server;
let proxyUrl: string;

beforeAll(async () => {
  proxy = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (data: Buffer) => {
      outside.push(data.toString("latin1").split("\r\n")[0] ?? "");
      socket.destroy();
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  proxyUrl = `http://127.0.0.1:${address.port}`;
});
afterAll(() => proxy?.close());
beforeEach(() => {
  outside.length = 0;
});

/** Gives the variables of a program: the two that it needs, and a proxy in the way of all that is not the gateway. */
async function toEnv(more: NodeJS.ProcessEnv, subject?: string): Promise<NodeJS.ProcessEnv> {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(?:OPENAI_|NODE_ENV$|VITEST)/.test(key));
  return {
    ...Object.fromEntries(inherited),
    OPENAI_BASE_URL: gateway().baseUrl,
    OPENAI_API_KEY: await gateway().createKey(subject === undefined ? {} : { name: subject }),
    NODE_USE_ENV_PROXY: "1",
    HTTPS_PROXY: proxyUrl,
    HTTP_PROXY: proxyUrl,
    NO_PROXY: "127.0.0.1",
    ...more,
  };
}

/** Runs one; gives what it printed. */
async function run(name: string, more: NodeJS.ProcessEnv = {}, subject?: string): Promise<string> {
  const env = await toEnv(more, subject);
  const { stdout } = await promisify(execFile)(process.execPath, [folder + name], { env, timeout: 50_000 });
  return stdout;
}

test.each(["plain.mjs", "agent.mjs"])("%s prints an answer", async (name) => {
  const stdout = await run(name, { OPENAI_AGENTS_DISABLE_TRACING: "1" });
  expect(stdout.trim().length).toBeGreaterThan(10);
  expect(outside).toEqual([]);
});

test("traced-agent.mjs prints an answer, and its trace stands beside the session of it", async () => {
  const stdout = await run("traced-agent.mjs", {}, "traced-example");
  expect(stdout.trim().length).toBeGreaterThan(10);
  expect(outside).toEqual([]);
  const [row] = await gateway().database.db.sql<{ session: string; spans: number }[]>`
    select x.session_id as session,
      (select count(*)::int from spans where trace_id = t.id) as spans
    from traces t join exchanges x on x.operation = 'responses.create' and x.subject = t.subject
    where t.subject = 'traced-example'`;
  expect(row?.spans).toBeGreaterThan(0);
  const { stdout: told } = await gateway().cli("sessions", "show", row?.session ?? "");
  expect(told).toContain("Weather report");
});

test("agent.mjs without the line that switches its traces off sends them past the gateway", async () => {
  const child = spawn(process.execPath, [`${folder}agent.mjs`], { env: await toEnv({}), stdio: "ignore" });
  const ended = once(child, "exit");
  await expect.poll(() => outside, { timeout: 50_000 }).toContain("CONNECT api.openai.com:443 HTTP/1.1");
  child.kill();
  await ended;
});
