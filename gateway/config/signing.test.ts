// The keys of `policy.signing`, and what is said of one that can't be used.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "./config.ts";
import { createTrustSource } from "./signing.ts";

const toPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const ed = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const folder = mkdtempSync(join(tmpdir(), "tollgate-signing-"));
afterAll(() => rmSync(folder, { recursive: true }));

function load(key: object, env: Record<string, string> = {}) {
  const file = join(folder, "tollgate.yaml");
  writeFileSync(file, JSON.stringify({ simulate: true, policy: { signing: { keys: [key] } } }));
  return loadConfig({ file, env }).config.policy.signing;
}

describe("start --policy", () => {
  it("takes the place of a bundle, and says so; what it builds has no order with what was signed or numbered", () => {
    const file = join(folder, "built.yaml");
    writeFileSync(file, JSON.stringify({ simulate: true, policy: { bundle: "nowhere.tar.gz" } }));
    const { config, warnings } = loadConfig({ file, env: {}, flags: { policy: "rego" }, cwd: folder });
    expect(config.policy).toMatchObject({
      isBuilt: true,
      bundles: [{ bundle: join(folder, "rego"), name: "development" }],
    });
    expect(warnings).toEqual([expect.stringContaining("`policy.bundle` does not count")]);
  });

  it("is refused where bundles must be signed", () => {
    const keys = [{ id: "k", algorithm: "EdDSA", public_key: toPem(ed.publicKey) }];
    const file = join(folder, "signed.yaml");
    writeFileSync(file, JSON.stringify({ simulate: true, policy: { signing: { keys } } }));
    expect(() => loadConfig({ file, env: {}, flags: { policy: "rego" } })).toThrow(
      /policy\.signing.*expected none beside --policy.*start without --policy/,
    );
    expect(loadConfig({ file, env: {} }).config.policy.isBuilt).toBe(false);
  });
});

describe("policy.signing", () => {
  it("takes a key in PEM, from a file beside the configuration, and from the environment", () => {
    writeFileSync(join(folder, "key.pem"), toPem(ed.publicKey));
    const env = { KEY: toPem(ed.publicKey) };
    for (const key of [toPem(ed.publicKey), "file:key.pem", "env:KEY"]) {
      const source = createTrustSource(load({ id: "k", algorithm: "EdDSA", public_key: key }, env), env);
      expect(source?.read().keys[0]?.key.equals(ed.publicKey)).toBe(true);
      expect(source?.files).toEqual(key.startsWith("file:") ? [join(folder, "key.pem")] : []);
    }
  });

  const refused: Record<string, [object, string]> = {
    "of another kind than its algorithm": [
      { id: "k", algorithm: "EdDSA", public_key: toPem(p256.publicKey) },
      "expected an Ed25519 key",
    ],
    "that is too short": [
      {
        id: "k",
        algorithm: "RS256",
        public_key: toPem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
      },
      "at least 2048 bits",
    ],
    "that is not there": [{ id: "k", algorithm: "EdDSA", public_key: "file:none.pem" }, "ENOENT"],
    "of an algorithm that shares its key": [
      { id: "k", algorithm: "HS256", public_key: toPem(ed.publicKey) },
      "algorithm",
    ],
    "whose text is another": [
      { id: "k", algorithm: "EdDSA", public_key: "-----BEGIN X-----" },
      "public key in PEM",
    ],
  };
  for (const [what, [key, reason]] of Object.entries(refused))
    it(`refuses a key ${what}`, () => {
      expect(() => load(key)).toThrow(reason);
    });

  it("refuses a private key without repeating it", () => {
    const pem = ed.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    writeFileSync(join(folder, "private.pem"), pem);
    const secret = pem.split("\n")[1] ?? "";
    for (const key of ["file:private.pem", pem]) {
      const attempt = () => load({ id: "k", algorithm: "EdDSA", public_key: key });
      expect(attempt).toThrow(/public key/);
      expect(attempt).not.toThrow(secret);
    }
  });
});
