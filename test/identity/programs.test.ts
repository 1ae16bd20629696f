// Programs that know of no token: beside `tollgate connect`, under `tollgate exec`, over the ends of many short-lived tokens.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useGateway } from "../clients/js/targets.ts";
import { runInProcess } from "../command.ts";
import { insertKey } from "../gateway.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
tokens: { access_s: 5 }
`,
});
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-programs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes an account, and gives the options by which a command is it. */
async function addAccount(name: string): Promise<string[]> {
  const file = join(folder, `${name}.key`);
  await writeFile(file, await insertKey(gateway().database.url, { name }));
  return ["--gateway", gateway().origin, "--account", name, "--client-secret", file];
}

const countTokens = async (subject: string): Promise<number> =>
  (await gateway().database.db.sql`select from tokens where subject = ${subject} and use = 'access'`).length;

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:OPENAI_|TOLLGATE_|NODE_ENV$|VITEST)/.test(name),
  );
  return spawn(process.execPath, [join(ROOT, "gateway/main.ts"), ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Waits for its end; gives what it wrote and its exit code. */
async function end(child: ChildProcess): Promise<{ readonly code: unknown; readonly stdout: string }> {
  const ended = once(child, "exit");
  const stdout = child.stdout === null ? "" : await text(child.stdout);
  return { code: (await ended)[0], stdout };
}

/** Waits for a line that it writes. */
async function waitFor(child: ChildProcess, words: string): Promise<string> {
  let said = "";
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(chunk);
    if (said.includes(words)) return said;
  }
  throw new Error(`It ended without ${words}: ${said}`);
}

/** Asks, streamed and not, until it is told to stop; then says how often. */
const ASKING = `
  import OpenAI from "openai";
  const client = new OpenAI();
  let isOver = false;
  process.stdin.resume().once("end", () => { isOver = true; });
  let count = 0;
  const ask = { model: "gpt-4.1", input: "echo: hello" };
  for (; !isOver; count += 2) {
    if ((await client.responses.create(ask)).output_text !== "hello") throw new Error("not whole");
    let said = "";
    for await (const event of await client.responses.create({ ...ask, stream: true }))
      if (event.type === "response.output_text.delta") said += event.delta;
    if (said !== "hello") throw new Error("not streamed");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(\`asked \${count} times\`);`;

describe("tollgate exec", () => {
  test("lets a program outlive the tokens that its calls go with", async () => {
    const child = start([
      "exec",
      ...(await addAccount("long-runner")),
      "--",
      process.execPath,
      "--input-type=module",
      "-e",
      ASKING,
    ]);
    const ended = end(child);
    await expect.poll(() => countTokens("long-runner"), { timeout: 50_000 }).toBeGreaterThanOrEqual(3);
    child.stdin?.end();
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^asked \d+ times\n$/) });
  });

  test("takes in the traces of an agent that points them to its base URL", async () => {
    const args = await addAccount("traced");
    const { code } = await end(
      start(["exec", ...args, "--traces", "--", process.execPath, "examples/javascript/traced-agent.mjs"]),
    );
    expect(code).toBe(0);
    const { sql } = gateway().database.db;
    expect(await sql`select from traces where subject = 'traced'`).toHaveLength(1);
  });

  test("gives the program its variables, and none that lead past the sidecar", async () => {
    const show = "console.log(JSON.stringify(process.env))";
    const args = ["exec", ...(await addAccount("shown")), "--", process.execPath, "-e", show];
    const surroundings = { OPENAI_ADMIN_KEY: "a", OPENAI_WEBSOCKET_BASE_URL: "b", NO_PROXY: "intern" };
    const { stdout } = await end(start(args, surroundings));
    const env: unknown = JSON.parse(stdout);
    expect(env).toMatchObject({
      OPENAI_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1$/),
      OPENAI_API_KEY: expect.stringMatching(/^tg_run_[\w-]{43}$/),
      OPENAI_AGENTS_DISABLE_TRACING: "1",
      NO_PROXY: "intern,127.0.0.1",
    });
    expect(env).not.toHaveProperty("OPENAI_ADMIN_KEY");
    expect(env).not.toHaveProperty("OPENAI_WEBSOCKET_BASE_URL");
    expect(stdout).not.toContain("tg_at_");
  });

  test("passes signals on and gives the program's exit code", async () => {
    const waiting = `process.on("SIGTERM", () => { console.log("told"); process.exit(3); });
      setInterval(() => {}, 1000); console.log("ready");`;
    const child = start(["exec", ...(await addAccount("told")), "--", process.execPath, "-e", waiting]);
    await waitFor(child, "ready");
    child.kill("SIGTERM");
    expect(await end(child)).toEqual({ code: 3, stdout: "told\n" });
  });

  test.each([
    ["its own", [process.execPath, "-e", "process.exit(7)"], 7],
    ["that of its signal", [process.execPath, "-e", "process.kill(process.pid, 'SIGKILL')"], 137],
    ["127 where there is none", ["there-is-no-such-program"], 127],
  ])("ends with %s", async (_name, command, code) => {
    const args = await addAccount(`ends-${code}`);
    const done = await runInProcess(["exec", ...args, "--", ...command], { env: process.env, cwd: folder });
    expect(done.code).toBe(code);
  });

  test("starts nothing without a token", async () => {
    const file = join(folder, "wrong.key");
    await writeFile(file, "tg_wrong");
    const touched = join(folder, "touched");
    const command = [process.execPath, "-e", `require("fs").writeFileSync(${JSON.stringify(touched)}, "")`];
    const args = [
      "exec",
      "--gateway",
      gateway().origin,
      "--account",
      "a",
      "--client-secret",
      file,
      "--",
      ...command,
    ];
    const { code, stderr } = await runInProcess(args, { env: process.env, cwd: folder });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("invalid_client") });
    await expect(stat(touched)).rejects.toThrow("ENOENT");
  });
});

describe("tollgate connect", () => {
  test("serves programs that show its key, and ends when it is told", async () => {
    const keyFile = join(folder, "run.key");
    const args = [
      "connect",
      ...(await addAccount("beside")),
      "--listen",
      "127.0.0.1:0",
      "--key-file",
      keyFile,
    ];
    const child = start(args);
    const said = await waitFor(child, "OPENAI_AGENTS_DISABLE_TRACING=1");
    const key = (await readFile(keyFile, "utf8")).trim();
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(said).not.toContain(key);
    const baseURL = /OPENAI_BASE_URL=(\S+)/.exec(said)?.[1] ?? "";
    const client = (apiKey: string) => new OpenAI({ baseURL, apiKey, maxRetries: 0 });
    const answer = await client(key).responses.create({ model: "gpt-4.1", input: "echo: hello" });
    expect(answer.output_text).toBe("hello");
    await expect(client(`${key}x`).models.list()).rejects.toMatchObject({ code: "token_invalid" });
    child.kill("SIGTERM");
    expect((await end(child)).code).toBe(0);
  });

  test.each([
    [["--listen", "0.0.0.0:1"], "an address of this machine"],
    [["--listen", "127.0.0.1:99999"], "an address of this machine"],
    [["--unix", "a", "--key-file", "b"], "A socket needs no key"],
    [[], "--key-file"],
    [["--key-file", "short.key"], "at least 16 characters"],
    [["--key-file", "missing/run.key"], "ENOENT"],
    [["--key-file", "x", "--token-file", "-"], "can't be read anew"],
  ])("says what to do about %j", async (args, words) => {
    await writeFile(join(folder, "short.key"), "short");
    const given = [
      "connect",
      "--gateway",
      gateway().origin,
      "--account",
      "a",
      "--client-secret",
      "b",
      ...args,
    ];
    const { code, stderr } = await runInProcess(given, { env: {}, cwd: folder });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  });
});
