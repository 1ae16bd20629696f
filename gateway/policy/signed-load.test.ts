// What must be signed once keys are configured, and how keys change while a policy is in force.

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildFixture } from "../../test/policy/fixture-bundle.ts";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { packBundle } from "../bundle-archive/pack.ts";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import { signFiles } from "../bundle-signature/bundle-signature.ts";
import type { Signer } from "../bundle-signature/jws.ts";
import { signOperatorFile } from "../bundle-signature/operator-signature.ts";
import { createTrustSource, type SigningConfig } from "../config/signing.ts";
import { createPolicy, type Policy } from "./load.ts";

const first = generateKeyPairSync("ed25519");
const second = generateKeyPairSync("ec", { namedCurve: "P-256" });
const toPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

const folder = mkdtempSync(join(tmpdir(), "tollgate-signed-"));
const path = (name: string) => join(folder, name);
const opened: Policy[] = [];
let bundle: Buffer;

beforeAll(async () => {
  bundle = await buildFixture({
    rego: "request := plain",
    metadata: {},
    data: { params: { lists: { connectors: [] } } },
  });
});
afterAll(() => {
  for (const policy of opened) policy.close();
  rmSync(folder, { recursive: true });
});

const signedBy = async (privateKey: KeyObject, more: Partial<Signer> = {}) =>
  packBundle(
    await signFiles(await unpackBundle(bundle), {
      algorithm: "EdDSA",
      privateKey,
      keyId: "k",
      scope: "",
      ...more,
    }),
  );

async function open(signing: SigningConfig, operatorPath: string | null = null): Promise<Policy> {
  const policy = await createPolicy({
    bundlePath: path("bundle.tar.gz"),
    operatorPath,
    trust: createTrustSource(signing, {}),
    checkPatterns: () => {},
    log: createKeptLog(),
    pollMs: 20,
  });
  opened.push(policy);
  return policy;
}

const keyFile = { id: "k", algorithm: "EdDSA", public_key: `file:${path("key.pem")}` } as const;

it("serves nothing unsigned, and what a key of ours signed", async () => {
  writeFileSync(path("key.pem"), toPem(first.publicKey));
  writeFileSync(path("bundle.tar.gz"), bundle);
  await expect(open({ keys: [keyFile], scope: "" })).rejects.toThrow("tollgate policy sign");
  writeFileSync(path("bundle.tar.gz"), await signedBy(generateKeyPairSync("ed25519").privateKey));
  await expect(open({ keys: [keyFile], scope: "" })).rejects.toThrow(
    "of no key of policy.signing: k (EdDSA)",
  );
  writeFileSync(path("bundle.tar.gz"), await signedBy(first.privateKey));
  await expect(open({ keys: [keyFile], scope: "production" })).rejects.toThrow("another scope");
  expect((await open({ keys: [keyFile], scope: "" })).status().problem).toBeNull();
});

it("takes changed keys into use, and keeps the last good policy where what is there fits none of them", async () => {
  writeFileSync(path("key.pem"), toPem(first.publicKey));
  writeFileSync(path("bundle.tar.gz"), await signedBy(first.privateKey));
  const next = { id: "next", algorithm: "ES256", public_key: toPem(second.publicKey) } as const;
  const policy = await open({ keys: [keyFile, next], scope: "" });
  const { version } = policy.status();
  using _ = policy.watch();
  const problem = () => expect.poll(() => policy.status().problem?.message, { timeout: 5000 });

  writeFileSync(path("key.pem"), toPem(generateKeyPairSync("ed25519").publicKey));
  await problem().toContain("of no key");
  expect(policy.current().version).toEqual(version);
  // The other key has been trusted all along.
  writeFileSync(path("bundle.tar.gz"), await signedBy(second.privateKey, { algorithm: "ES256" }));
  await problem().toBeUndefined();
  rmSync(path("key.pem"));
  await problem().toContain("the key k of policy.signing is not there");
  expect(policy.current().version).toEqual(version);
  writeFileSync(path("key.pem"), toPem(first.publicKey));
  await problem().toBeUndefined();
});

it("wants the operator's file signed too, beside which its signature stands", async () => {
  writeFileSync(path("key.pem"), toPem(first.publicKey));
  writeFileSync(path("bundle.tar.gz"), await signedBy(first.privateKey));
  const operator = path("operator.yaml");
  const signer = { algorithm: "EdDSA", privateKey: first.privateKey, keyId: "k", scope: "" } as const;
  const text = "lists: {connectors: [connector_a]}\n";
  writeFileSync(operator, text);
  await expect(open({ keys: [keyFile], scope: "" }, operator)).rejects.toThrow("is not signed");
  writeFileSync(`${operator}.sig`, await signOperatorFile(Buffer.from(text), signer));
  const policy = await open({ keys: [keyFile], scope: "" }, operator);
  using _ = policy.watch();
  const { dataRevision } = policy.status().version;
  writeFileSync(operator, "lists: {connectors: [connector_b]}\n");
  await expect
    .poll(() => policy.status().problem?.message, { timeout: 5000 })
    .toContain("not what was signed");
  expect(policy.status().version.dataRevision).toBe(dataRevision);
  writeFileSync(
    `${operator}.sig`,
    await signOperatorFile(Buffer.from("lists: {connectors: [connector_b]}\n"), signer),
  );
  await expect.poll(() => policy.status().version.dataRevision, { timeout: 5000 }).not.toBe(dataRevision);
  expect(policy.status().problem).toBeNull();
});
