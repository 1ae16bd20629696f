// What the commands that make keys, sign and verify say.
import { createPrivateKey, createPublicKey } from "node:crypto";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInProcess } from "../../test/command.ts";
import { packBundle } from "../bundle-archive/pack.ts";
import { unpackBundle } from "../bundle-archive/unpack.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-sign-"));
const env: Record<string, string> = {};
const at = (name: string) => join(folder, name);
const run = (...args: string[]) => runInProcess(["policy", ...args], { cwd: folder, env });
const read = (name: string) => readFileSync(at(name), "utf8");

beforeAll(async () => {
  copyFileSync(fileURLToPath(new URL("../../bundles/default.tar.gz", import.meta.url)), at("bundle.tar.gz"));
  for (const algorithm of ["EdDSA", "ES256", "RS256"])
    expect(await run("key", "--key-id", algorithm, "--algorithm", algorithm)).toMatchObject({
      code: 0,
      stderr: "",
    });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("policy key", () => {
  it("makes a pair, keeps the private one for its owner, and says what belongs into the configuration", async () => {
    const made = await run("key", "--key-id", "release-1");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(statSync(at("release-1.pem")).mode & 0o777).toBe(0o600);
    const secret = createPrivateKey(read("release-1.pem"));
    expect(createPublicKey(read("release-1.pub.pem")).equals(createPublicKey(secret))).toBe(true);
    expect(made.stdout).not.toContain("PRIVATE");
    const block = made.stdout.slice(made.stdout.indexOf("policy:"), made.stdout.indexOf("From their"));
    expect(parse(block)).toEqual({
      policy: {
        signing: { keys: [{ id: "release-1", algorithm: "EdDSA", public_key: "file:release-1.pub.pem" }] },
      },
    });
  });

  it("writes over no key", async () => {
    const before = read("EdDSA.pem");
    const again = await run("key", "--key-id", "EdDSA");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("is there already");
    expect(read("EdDSA.pem")).toBe(before);
    expect((await run("key", "--key-id", "a/b")).code).toBe(2);
  });
});

describe("policy sign and verify", () => {
  it("agree, by each algorithm, with the key or with the configuration", async () => {
    for (const algorithm of ["EdDSA", "ES256", "RS256"]) {
      const key = ["--key", `${algorithm}.pem`, "--key-id", algorithm];
      const signed = await run(
        "sign",
        "bundle.tar.gz",
        ...key,
        "--scope",
        "prod",
        "-o",
        "signed.tar.gz",
        "--json",
      );
      expect(JSON.parse(signed.stdout)).toEqual({
        output: at("signed.tar.gz"),
        key: algorithm,
        algorithm,
        scope: "prod",
      });
      const byKey = await run(
        "verify",
        "signed.tar.gz",
        "--public-key",
        `${algorithm}.pub.pem`,
        "--scope",
        "prod",
      );
      expect(byKey).toEqual({ code: 0, stdout: "signed.tar.gz: signed with the key.\n", stderr: "" });
      const keys = [{ id: "now", algorithm, public_key: `file:${algorithm}.pub.pem` }];
      writeFileSync(at("tollgate.yaml"), JSON.stringify({ policy: { signing: { keys, scope: "prod" } } }));
      const byConfig = await run("verify", "signed.tar.gz", "--json");
      expect(JSON.parse(byConfig.stdout)).toMatchObject({ verified: true, key: "now" });
    }
    expect(await run("verify", "bundle.tar.gz")).toMatchObject({ code: 1, stdout: "" });
    const told = await run("verify", "bundle.tar.gz", "--json");
    expect(told.code).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({
      verified: false,
      reason: expect.stringContaining("not signed"),
    });
    rmSync(at("tollgate.yaml"));
  });

  it("take a key from the environment, and sign in place", async () => {
    env["SIGNING_KEY"] = read("EdDSA.pem");
    copyFileSync(at("bundle.tar.gz"), at("mine.tar.gz"));
    expect(await run("sign", "mine.tar.gz", "--key", "env:SIGNING_KEY", "--key-id", "k")).toMatchObject({
      code: 0,
    });
    expect(await run("verify", "mine.tar.gz", "--public-key", "EdDSA.pub.pem")).toMatchObject({ code: 0 });
    expect((await run("verify", "mine.tar.gz", "--public-key", "ES256.pub.pem")).stderr).toContain(
      "is of no key",
    );
  });

  it("sign an operator's file beside it", async () => {
    writeFileSync(at("operator.yaml"), "lists: {}\n");
    const key = ["--key", "ES256.pem", "--key-id", "k"];
    expect((await run("verify", "operator.yaml", "--operator", "--public-key", "ES256.pub.pem")).code).toBe(
      1,
    );
    expect((await run("sign", "operator.yaml", "--operator", ...key)).stdout).toContain(
      "operator.yaml.sig: signed with k (ES256).",
    );
    expect((await run("verify", "operator.yaml", "--operator", "--public-key", "ES256.pub.pem")).code).toBe(
      0,
    );
    writeFileSync(at("operator.yaml"), "lists: {x: []}\n");
    expect(
      (await run("verify", "operator.yaml", "--operator", "--public-key", "ES256.pub.pem")).stderr,
    ).toContain("not what was signed");
  });

  it("write through no link, and show no name that would steer a terminal", async () => {
    writeFileSync(at("elsewhere"), "mine\n");
    symlinkSync(at("elsewhere"), at("linked.tar.gz"));
    const key = ["--key", "EdDSA.pem", "--key-id", "k"];
    expect(await run("sign", "bundle.tar.gz", ...key, "-o", "linked.tar.gz")).toMatchObject({ code: 0 });
    expect(read("elsewhere")).toBe("mine\n");
    const files = await unpackBundle(readFileSync(at("linked.tar.gz")));
    writeFileSync(
      at("odd.tar.gz"),
      await packBundle(new Map([...files, ["\u202egnp.sys", Buffer.from("")]])),
    );
    const said = await run("verify", "odd.tar.gz", "--public-key", "EdDSA.pub.pem");
    expect(said).toMatchObject({ code: 1, stderr: expect.stringContaining('it holds "\ufffdgnp.sys"') });
  });

  it("say what is wrong, and nothing of a key", async () => {
    const secret = read("EdDSA.pem").split("\n")[1] ?? "";
    const wrong: [string[], string][] = [
      [
        ["sign", "bundle.tar.gz", "--key", read("EdDSA.pem"), "--key-id", "k"],
        "never stands in the arguments",
      ],
      [["sign", "bundle.tar.gz", "--key", "EdDSA.pub.pem", "--key-id", "k"], "Expected a private key"],
      [["sign", "bundle.tar.gz", "--key", "none.pem", "--key-id", "k"], "ENOENT"],
      [
        ["sign", "bundle.tar.gz", "--key", "EdDSA.pem", "--key-id", "k", "--algorithm", "ES256"],
        "none of ES256",
      ],
      [["sign", "EdDSA.pem", "--key", "EdDSA.pem", "--key-id", "k"], "EdDSA.pem is refused: it is no gzip"],
      [["verify", "bundle.tar.gz"], "has no policy.signing"],
      [["verify", "bundle.tar.gz", "--public-key", "EdDSA.pem"], "Expected a public key"],
    ];
    for (const [args, reason] of wrong) {
      const said = await run(...args);
      expect(said.code).not.toBe(0);
      expect(said.stderr).toContain(reason);
      expect(said.stderr).not.toContain(secret);
    }
  });
});
