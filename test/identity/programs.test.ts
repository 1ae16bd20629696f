// Programs that know of no token: beside `tollgate connect`, under `tollgate exec`, over the ends of many short-lived tokens.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { useGateway } from "../clients/js/targets.ts";
import { runCommandLine } from "../../gateway/cli/program.ts";
import { runInProcess } from "../command.ts";
import { visit } from "../fixtures/form-browser.ts";
import { createOpenIdProvider, LOGIN_CLIENT } from "../fixtures/openid-provider.ts";
import { insertKey } from "../gateway.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const provider = await createOpenIdProvider();
const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
tokens: { access_s: 5 }
issuers:
  - issuer: ${provider.url}
    audience: [tollgate, ${LOGIN_CLIENT}]
    group_map: { staff: developers }
    login: { client_id: ${LOGIN_CLIENT} }
`,
});
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-programs-"));
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

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

describe("tollgate token", () => {
  test("gives a program its key, whenever its client asks for one", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    await symlink(join(ROOT, "bin/tollgate.js"), join(bin, "tollgate"));
    const path = [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter);
    const child = spawn(
      process.execPath,
      [join(ROOT, "examples/javascript/refreshing.mjs"), ...(await addAccount("asking"))],
      { env: { PATH: path, OPENAI_BASE_URL: gateway().baseUrl }, stdio: ["ignore", "pipe", "inherit"] },
    );
    const { code, stdout } = await end(child);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\S/) });
    expect(await countTokens("asking")).toBe(1);
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

/** Runs `tollgate login` as somebody who does what the terminal says; gives what it said. */
async function login(file: string, args: readonly string[], find: RegExp, env: NodeJS.ProcessEnv = {}) {
  let said = "";
  const pages: Promise<string>[] = [];
  const see = (words: string): void => {
    said += words;
    const [, url] = find.exec(said) ?? [];
    if (url !== undefined && pages.length === 0) pages.push(visit(url));
  };
  const code = await runCommandLine(
    ["login", "--gateway", gateway().baseUrl, "--login-file", file, ...args],
    {
      stdout: { write: see },
      stderr: { write: see },
      stdin: Readable.from([]),
      env,
      cwd: folder,
      signal: AbortSignal.timeout(60_000),
    },
  );
  return { code, said, page: (await Promise.all(pages)).join("") };
}

const PAGE = /(http\S+\/auth\?\S+)/;
const asking = { model: "gpt-4.1", input: "echo: hello" };

describe("tollgate login", () => {
  const run = (...args: readonly string[]) => runInProcess(args, { env: {}, cwd: folder });
  /** Asks with a token that the command prints; it may have ended by then, on a slow machine. */
  const askWith = async (...args: readonly string[]) => {
    const { stdout } = await run("token", ...args);
    const client = new OpenAI({ baseURL: gateway().baseUrl, apiKey: stdout.trim(), maxRetries: 0 });
    return client.responses.create(asking).then(
      (answer) => answer.output_text,
      (error: unknown) => (error instanceof APIError ? String(error.code) : "fault"),
    );
  };

  test("signs a person in by a page, for tokens until they sign out", async () => {
    const done = await login("page.json", ["--no-browser"], PAGE);
    expect(done).toMatchObject({ code: 0, page: "You are signed in. This window can be closed.\n" });
    expect((await stat(join(folder, "page.json"))).mode & 0o777).toBe(0o600);
    await expect.poll(() => askWith("--login-file", "page.json"), { timeout: 30_000 }).toBe("hello");
    const { sql } = gateway().database.db;
    expect(
      await sql`select distinct subject, caller_kind from exchanges where issuer = ${provider.url}`,
    ).toEqual([{ subject: "ada", caller_kind: "human" }]);
    const held = await readFile(join(folder, "page.json"), "utf8");
    expect(await run("logout", "--login-file", "page.json")).toMatchObject({ code: 0 });
    await expect(stat(join(folder, "page.json"))).rejects.toThrow("ENOENT");
    await writeFile(join(folder, "kept.json"), held, { mode: 0o600 });
    const again = () => run("token", "--login-file", "kept.json", "--scope", "model:*");
    await expect
      .poll(again, { timeout: 20_000 })
      .toMatchObject({ code: 1, stderr: expect.stringContaining("invalid_grant") });
  });

  test("signs a person in by a code where there is no browser", async () => {
    const done = await login("code.json", [], /(http\S+\/device\?user_code=\S+)/);
    expect(done).toMatchObject({ code: 0, said: expect.stringMatching(/The code is [A-Z]{4}-[A-Z]{4}/) });
    const narrowed = ["--login-file", "code.json", "--scope", "model:gpt-4.1-mini"];
    const agent = ["--login-file", "code.json", "--agent", "writer", "--purpose", "writes reports", "--json"];
    expect(await run("token", ...agent)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("tg_at_"),
    });
    await expect.poll(() => askWith(...narrowed), { timeout: 30_000 }).toBe("scope_exceeded");
  });

  test("opens the page in the browser that is named", async () => {
    const browser = join(folder, "browser");
    await writeFile(
      browser,
      `#!/bin/sh\nprintf %s "$1" > "${folder}/opened.part"\nmv "${folder}/opened.part" "${folder}/opened"\n`,
      { mode: 0o755 },
    );
    const signingIn = login("opened.json", [], /never/, { ...process.env, BROWSER: browser });
    const read = () => readFile(join(folder, "opened"), "utf8").catch(() => "");
    await expect.poll(read, { timeout: 20_000 }).toMatch(PAGE);
    expect(await visit(await read())).toContain("signed in");
    expect(await signingIn).toMatchObject({ code: 0 });
  });

  test("lets many processes renew at once, each refresh token shown by one of them alone", async () => {
    await login("shared.json", ["--no-browser"], PAGE);
    const { sql } = gateway().database.db;
    const held = z
      .looseObject({ refresh_token: z.string() })
      .parse(JSON.parse(await readFile(join(folder, "shared.json"), "utf8")));
    await writeFile(join(folder, "shared.json"), JSON.stringify({ ...held, renew_at: 0, expires_at: 0 }));
    const processes = Array.from({ length: 3 }, () =>
      end(start(["token", "--login-file", join(folder, "shared.json")])),
    );
    const here = Array.from({ length: 3 }, () => run("token", "--login-file", "shared.json"));
    const all = [...(await Promise.all(processes)), ...(await Promise.all(here))];
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await sql`select from incidents where kind = 'refresh_token_reused'`).toHaveLength(0);
  });

  test("carries a program over the ends of its tokens", async () => {
    await login("long.json", ["--no-browser"], PAGE);
    const before = await countTokens("ada");
    const command = [process.execPath, "--input-type=module", "-e", ASKING];
    const child = start(["exec", "--login-file", join(folder, "long.json"), "--", ...command]);
    const ended = end(child);
    await expect.poll(() => countTokens("ada"), { timeout: 50_000 }).toBeGreaterThanOrEqual(before + 2);
    child.stdin?.end();
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^asked \d+ times\n$/) });
  });

  test.each([
    [["token"], 2, "Nobody is signed in"],
    [["logout"], 1, "Nobody is signed in"],
    [["token", "--login-file", "open.json"], 2, "Others can read"],
    [["token", "--login-file", "wrong.json"], 2, "holds no sign-in"],
    [
      ["token", "--login-file", "other.json", "--gateway", "https://tollgate.example.com"],
      2,
      "not at the gateway",
    ],
    [["login", "--gateway", "http://127.0.0.1:1"], 1, "No token service answers"],
    [
      ["login", "--gateway", "GATEWAY", "--issuer", "https://other.example.com"],
      1,
      "Name one of the issuers",
    ],
  ])("says what to do about %j", async (args, code, words) => {
    await writeFile(join(folder, "open.json"), "{}", { mode: 0o644 });
    await writeFile(join(folder, "wrong.json"), "{}", { mode: 0o600 });
    const other = {
      gateway: "https://other.example.com",
      issuer: "",
      access_token: "",
      scope: "",
      renew_at: 0,
      expires_at: 0,
      refresh_token: null,
    };
    await writeFile(join(folder, "other.json"), JSON.stringify(other), { mode: 0o600 });
    const given = args.map((arg) => (arg === "GATEWAY" ? gateway().origin : arg));
    const done = await runInProcess(given, { env: { XDG_CONFIG_HOME: folder }, cwd: folder });
    expect(done).toEqual({ code, stdout: "", stderr: expect.stringContaining(words) });
  });
});
