// `tollgate token`, as programs run it.
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { runCommandLine } from "../../../gateway/cli/program.ts";
import { describe, expect, test } from "vitest";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeCommand(service: TokenService): void {
  const { person, ask } = service;

  describe("the command for programs", () => {
    async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
      const written = { stdout: "", stderr: "" };
      const code = await runCommandLine(["token", ...args], {
        stdout: { write: (text: string) => (written.stdout += text) },
        stderr: { write: (text: string) => (written.stderr += text) },
        stdin: Readable.from([]),
        env: { TOLLGATE_URL: service.gateway.baseUrl, XDG_CONFIG_HOME: service.folder, ...env },
        cwd: service.folder,
        signal: new AbortController().signal,
      });
      return { code, ...written };
    }

    test("prints a token for an issuer's in a file, narrowed", async () => {
      const file = join(service.folder, "projected");
      await writeFile(file, await person());
      const { code, stdout } = await run(["--token-file", file, "--scope", "model:gpt-4.1"]);
      expect(code).toBe(0);
      expect(await ask(stdout.trim())).toBe("hello");
      expect(await ask(stdout.trim(), "gpt-4.1-mini")).toBe("scope_exceeded");
    });

    test("prints a token of an agent that whoever is shown mints, in one go", async () => {
      const file = join(service.folder, "owner");
      await writeFile(file, await person({ sub: "rita" }));
      const agent = [
        "--agent",
        "writer",
        "--purpose",
        "writes reports",
        "--tool",
        "look_up",
        "--tool",
        "mcp:docs",
      ];
      const { code, stdout } = await run(["--token-file", file, ...agent, "-g", "developers"]);
      expect(code).toBe(0);
      expect(await ask(stdout.trim())).toBe("hello");
      const [row] = await service.database.db.sql<{ facts: unknown }[]>`
        select facts from exchanges where subject = ${`writer of rita at ${service.people.url}`}`;
      expect(row?.facts).toMatchObject({
        caller: { groups: ["developers"], agent: { owner: "rita", tools: ["look_up", "mcp:docs"] } },
      });
      expect(await run(["--token-file", file, ...agent, "-g", "owners"])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("in no group that its owner is not in"),
      });
    });

    test("signs as a service account", async () => {
      await service.gateway.cli("service-accounts", "create", "beside", "-g", "developers");
      const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
      const [open, secret] = [join(service.folder, "beside.pub"), join(service.folder, "beside.pem")];
      await writeFile(open, await exportSPKI(publicKey));
      await writeFile(secret, await exportPKCS8(privateKey));
      expect(await run(["--account", "beside", "--private-key", secret])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("invalid_client"),
      });
      await service.gateway.cli("service-accounts", "add-key", "beside", "--public-key", open);
      const { stdout } = await run(["--account", "beside", "--private-key", secret, "--json"]);
      const { access_token: token } = z.object({ access_token: z.string() }).parse(JSON.parse(stdout));
      expect(await ask(token)).toBe("hello");
    });

    test("shows the ID token of a job of GitHub Actions", async () => {
      const asked: string[] = [];
      const github = createServer((request, response) => {
        asked.push(`${request.headers.authorization} ${request.url}`);
        void service.people
          .sign({ groups: ["staff"] })
          .then((value) => response.end(JSON.stringify({ value })));
      });
      github.listen(0, "127.0.0.1");
      await once(github, "listening");
      const address = github.address();
      const port = typeof address === "object" ? address?.port : 0;
      const { code, stdout } = await run(["--github-actions", "tollgate"], {
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/id?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
      });
      github.close();
      expect(code).toBe(0);
      expect(asked).toEqual(["Bearer job /id?api-version=2&audience=tollgate"]);
      expect(await ask(stdout.trim())).toBe("hello");
    });

    test.each([
      [["--token-file", "missing"], 2, "can't be read"],
      [[], 2, "say what to show"],
      [["--account", "a"], 2, "Say what to show"],
      [["--token-file", "x", "--agent", "a"], 2, "a --purpose"],
      [["--token-file", "x", "--tool", "a"], 2, "are an agent's"],
      [["--github-actions", "x"], 1, "id-token: write"],
      [["--gateway", "http://service.gateway.example.com", "--token-file", "x"], 2, "an https URL"],
      [["--gateway", "http://127.0.0.1:1", "--token-file", "-"], 2, "Standard input held no token"],
    ])("says what to do about %j", async (args, code, words) => {
      expect(await run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
    });

    test("tells a token that is refused, without repeating it", async () => {
      const file = join(service.folder, "expired");
      const token = await person({ exp: 1 });
      await writeFile(file, token);
      const { code, stderr } = await run(["--token-file", file]);
      expect(code).toBe(1);
      expect(stderr).toContain("expired");
      expect(stderr).not.toContain(token.slice(-20));
    });
  });
}
