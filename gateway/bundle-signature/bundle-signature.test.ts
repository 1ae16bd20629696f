// What a signed bundle may look like; OPA is asked about each one too, and must say the same.

import { createHash, createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packBundle } from "../bundle-archive/pack.ts";
import { unpackBundle, type BundleFiles } from "../bundle-archive/unpack.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm, type Trust } from "../config/signing.ts";
import { findOpa } from "../policy-build/run-opa.ts";
import { signFiles, verifySignature } from "./bundle-signature.ts";
import { signOperatorFile, verifyOperatorFile } from "./operator-signature.ts";

const PAIRS = {
  EdDSA: generateKeyPairSync("ed25519"),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
const OTHER = generateKeyPairSync("ed25519");
const toPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const toPrivatePem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();

const REGO = "package gateway.m\n\nallow := true\n";
const FILES: BundleFiles = new Map([
  ["data.json", Buffer.from('{"gateway": {"b": [1.50, 1e3], "a": "\\u00e9\\u2028"}}')],
  ["gateway/m.rego", Buffer.from(REGO)],
  [".manifest", Buffer.from('{"revision": "r1", "roots": ["gateway"]}')],
]);

const opa = findOpa();
const folder = mkdtempSync(join(tmpdir(), "tollgate-signatures-"));
afterAll(() => rmSync(folder, { recursive: true }));

const signedWith = (algorithm: SignatureAlgorithm, files = FILES, scope = "prod") =>
  signFiles(files, { algorithm, privateKey: PAIRS[algorithm].privateKey, keyId: "k1", scope });

const encode = (value: object | string) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const hash = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** The payload of a good signature, as text. */
async function toPayload(files = FILES, scope = "prod"): Promise<string> {
  const [, payload = ""] = readToken(await signedWith("EdDSA", files, scope)).split(".");
  return Buffer.from(payload, "base64url").toString();
}

function readToken(files: BundleFiles): string {
  const shape = z.object({ signatures: z.tuple([z.string()]) });
  return shape.parse(JSON.parse(files.get(".signatures.json")?.toString() ?? "")).signatures[0];
}

/** Writes a JWT by hand, for what no honest signer writes. */
function toToken(header: object, payload: string, seal: (input: Buffer) => Buffer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${seal(Buffer.from(input)).toString("base64url")}`;
}
const byEdDSA = (input: Buffer) => sign(null, input, PAIRS.EdDSA.privateKey);
const HEADER = { alg: "EdDSA", typ: "JWT", kid: "k1" };

function withSignatures(text: string | object, files = FILES): BundleFiles {
  return new Map([
    ...files,
    [".signatures.json", Buffer.from(typeof text === "string" ? text : JSON.stringify(text))],
  ]);
}
const withToken = (token: string, files = FILES) => withSignatures({ signatures: [token] }, files);
const change = (files: BundleFiles, name: string, text: string | null): BundleFiles =>
  new Map(
    [...files, [name, Buffer.from(text ?? "")] as const].filter(([one]) => text !== null || one !== name),
  );

/** Asks OPA, which ends with a load error where it does not take the bundle; of WebAssembly it takes no more than the files. */
async function askOpa(packed: Buffer, { algorithm, key, scope }: Asked, name: string): Promise<string> {
  const safe = name.replace(/\W+/g, "-");
  const [bundle, keyFile] = [join(folder, `${safe}.tar.gz`), join(folder, `${safe}.pem`)];
  writeFileSync(bundle, packed);
  writeFileSync(keyFile, toPem(key));
  const flags = ["--verification-key", keyFile, "--verification-key-id", "k1", "--signing-alg", algorithm];
  const said = await opa
    .run(["run", "--skip-version-check", "--bundle", bundle, ...flags, "--scope", scope], { input: "" })
    .catch(String);
  return /load error: .*/.exec(said)?.[0] ?? "taken";
}

async function askUs(packed: Buffer, { algorithm, key, scope }: Asked): Promise<string> {
  const trust: Trust = { keys: [{ id: "k1", algorithm, key }], scope, fingerprint: "" };
  try {
    expect(await verifySignature(await unpackBundle(packed), trust)).toEqual({ keyId: "k1" });
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : "thrown";
  }
}

type Asked = { readonly algorithm: SignatureAlgorithm; readonly key: KeyObject; readonly scope: string };
type Case = {
  readonly make: () => Promise<BundleFiles | Buffer>;
  /** A part of what the gateway says; null: it takes the bundle. */
  readonly refusal: string | null;
  /** Whether OPA takes what the gateway refuses. */
  readonly isTakenByOpa?: true;
  readonly asked?: Partial<Asked>;
};

const good = () => signedWith("EdDSA");
const edits = (edit: (payload: string) => string) => async () =>
  withToken(toToken(HEADER, edit(await toPayload()), byEdDSA));

const CASES: Readonly<Record<string, Case>> = {
  "signed by EdDSA": { make: good, refusal: null },
  "signed by ES256": { make: () => signedWith("ES256"), refusal: null, asked: { algorithm: "ES256" } },
  "signed by RS256": { make: () => signedWith("RS256"), refusal: null, asked: { algorithm: "RS256" } },
  "signed without a scope": {
    make: () => signedWith("EdDSA", FILES, ""),
    refusal: null,
    asked: { scope: "" },
  },
  "signed anew": { make: async () => signedWith("EdDSA", await signedWith("EdDSA")), refusal: null },
  "whose data is laid out otherwise": {
    make: async () => change(await good(), "data.json", '{"gateway":{"a":"é\\u2028","b":[1.50,1e3]}}'),
    refusal: null,
  },
  "with WebAssembly": {
    make: async () =>
      signedWith(
        "EdDSA",
        await unpackBundle(readFileSync(new URL("../../bundles/default.tar.gz", import.meta.url))),
      ),
    refusal: null,
  },
  "whose header names another key": {
    make: async () => withToken(toToken({ ...HEADER, kid: "../k2" }, await toPayload(), byEdDSA)),
    refusal: null,
  },
  "with claims that nobody reads": {
    make: edits((payload) => `{"iss":"ci","iat":1,"keyid":"k9",${payload.slice(1)}`),
    refusal: null,
  },

  "without a signature": { make: async () => FILES, refusal: "not signed" },
  "whose signature was stripped of its token": {
    make: async () => withSignatures({ signatures: [] }),
    refusal: "one JWT",
  },
  "with two tokens": {
    make: async () => withSignatures({ signatures: [readToken(await good()), readToken(await good())] }),
    refusal: "one JWT",
  },
  "whose signature is for a plugin": {
    make: async () => withSignatures({ signatures: [readToken(await good())], plugin: "trusting" }),
    refusal: "one JWT",
  },
  "whose signatures are no JSON": { make: async () => withSignatures("{"), refusal: "no JSON" },
  "whose token is cut short": {
    make: async () => withToken(readToken(await good()).slice(0, -2)),
    refusal: "of no key",
  },
  "whose token has no signature": {
    make: async () => withToken(`${encode({ ...HEADER, alg: "none" })}.${encode(await toPayload())}.`),
    refusal: "of no key",
  },
  "signed by another key": {
    make: () =>
      signFiles(FILES, { algorithm: "EdDSA", privateKey: OTHER.privateKey, keyId: "k1", scope: "prod" }),
    refusal: "of no key",
  },
  "signed by another algorithm": { make: () => signedWith("ES256"), refusal: "of no key" },
  "signed with the public key as a shared secret": {
    make: async () =>
      withToken(
        toToken({ ...HEADER, alg: "HS256" }, await toPayload(), (input) =>
          createHmac("sha256", toPem(PAIRS.EdDSA.publicKey)).update(input).digest(),
        ),
      ),
    refusal: "of no key",
  },
  "whose header brings its own key": {
    make: async () =>
      withToken(
        toToken({ ...HEADER, jwk: OTHER.publicKey.export({ format: "jwk" }) }, await toPayload(), (input) =>
          sign(null, input, OTHER.privateKey),
        ),
      ),
    refusal: "of no key",
  },
  "for another scope": { make: () => signedWith("EdDSA", FILES, "staging"), refusal: "another scope" },
  "for no scope": { make: () => signedWith("EdDSA", FILES, ""), refusal: "another scope" },
  "for a scope where none is wanted": { make: good, refusal: "another scope", asked: { scope: "" } },

  "whose rule was changed": {
    make: async () => change(await good(), "gateway/m.rego", REGO.replace("true", "false")),
    refusal: "not what was signed",
  },
  "whose number is written otherwise": {
    make: async () => change(await good(), "data.json", '{"gateway":{"a":"é\\u2028","b":[1.5,1e3]}}'),
    refusal: "not what was signed",
  },
  "whose manifest was changed": {
    make: async () => change(await good(), ".manifest", '{"revision":"r2","roots":["gateway"]}'),
    refusal: "not what was signed",
  },
  "that lacks a file": {
    make: async () => change(await good(), "gateway/m.rego", null),
    refusal: 'lacks "gateway/m.rego"',
  },
  "that has a file more": {
    make: async () => change(await good(), "gateway/n.rego", "package gateway.n\n"),
    refusal: "does not list",
  },
  "whose file has another name": {
    make: async () => change(change(await good(), "gateway/m.rego", null), "gateway/n.rego", REGO),
    refusal: "lacks",
  },
  "whose file stands in another folder": {
    make: async () => change(change(await good(), "gateway/m.rego", null), "m.rego", REGO),
    refusal: "lacks",
  },
  "whose data has a member twice": {
    make: () =>
      signedWith("EdDSA").then((files) =>
        change(files, "data.json", '{"gateway": {"a": 1, "b": [1.50, 1e3], "a": "\\u00e9\\u2028"}}'),
      ),
    refusal: "twice",
    isTakenByOpa: true,
  },
  "whose signatures have a member twice": {
    make: async () => withSignatures(`{"signatures":[],"signatures":["${readToken(await good())}"]}`),
    refusal: "twice",
    isTakenByOpa: true,
  },
  "whose token has a member twice": {
    make: edits((payload) => `{"files":[],${payload.slice(1)}`),
    refusal: "twice",
    isTakenByOpa: true,
  },
  "whose signature lists a file twice": {
    make: edits((payload) =>
      payload.replace("]", `,{"name":"data.json","hash":"00","algorithm":"SHA-256"}]`),
    ),
    refusal: "bundle's",
  },
  "whose signature lists a file with a weaker digest": {
    make: edits((payload) =>
      payload.replace(
        `"hash":"${hash(REGO)}","algorithm":"SHA-256"`,
        `"hash":"${createHash("sha1").update(REGO).digest("hex")}","algorithm":"SHA-1"`,
      ),
    ),
    refusal: "bundle's",
    isTakenByOpa: true,
  },
  "whose header says another algorithm than the key has": {
    make: async () => withToken(toToken({ ...HEADER, alg: "none" }, await toPayload(), byEdDSA)),
    refusal: "of no key",
    isTakenByOpa: true,
  },
  "whose signature asks for what nobody knows": {
    make: async () => withToken(toToken({ ...HEADER, crit: ["x"], x: 1 }, await toPayload(), byEdDSA)),
    refusal: "of no key",
    isTakenByOpa: true,
  },
  "whose signatures stand in a folder": {
    make: async () => {
      const signed = await good();
      return new Map([...FILES, ["gateway/.signatures.json", signed.get(".signatures.json") ?? Buffer.of()]]);
    },
    refusal: "alone",
    isTakenByOpa: true,
  },
  "whose signatures stand in two places": {
    make: async () => change(await good(), "gateway/.signatures.json", "{}"),
    refusal: "alone",
  },
  "with data in YAML": {
    make: async () => {
      const payload = await toPayload(change(FILES, "gateway/x/data.txt", "{}"));
      const token = toToken(HEADER, payload.replace("data.txt", "data.yaml"), byEdDSA);
      return withToken(token, change(FILES, "gateway/x/data.yaml", "{}"));
    },
    refusal: "data.json",
    isTakenByOpa: true,
  },
  "with a link": {
    make: async () => packEntries(await good(), [{ name: "/gateway/link", type: "symlink" }]),
    refusal: "no plain file",
    isTakenByOpa: true,
  },
  "with a file that stands twice": {
    make: async () => packEntries(await good(), [{ name: "/data.json", text: "{}" }]),
    refusal: "twice",
  },
  "with a file that leads out of it": {
    make: async () => packEntries(await good(), [{ name: "/gateway/../../x", text: "{}" }]),
    refusal: "odd place",
  },
  "that is half of itself": {
    make: async () => {
      const whole = await packBundle(await good());
      return whole.subarray(0, whole.length >> 1);
    },
    refusal: "cut short",
  },
};

/** Packs files as they are, then entries that no build writes. */
async function packEntries(
  files: BundleFiles,
  more: readonly { name: string; type?: "symlink"; text?: string }[],
): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of files) archive.entry({ name: `/${name}` }, bytes);
  for (const { name, type, text } of more)
    if (type === undefined) archive.entry({ name }, text ?? "");
    else archive.entry({ name, type, linkname: "/etc/passwd" });
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

describe("a bundle", () => {
  for (const [name, { make, refusal, isTakenByOpa = false, asked = {} }] of Object.entries(CASES))
    it(`${name} is ${refusal === null ? "taken, by OPA too" : isTakenByOpa ? "refused, though OPA takes it" : "refused, by OPA too"}`, async () => {
      const made = await make();
      const packed = Buffer.isBuffer(made) ? made : await packBundle(made);
      const algorithm = asked.algorithm ?? "EdDSA";
      const whole = { scope: "prod", key: PAIRS[algorithm].publicKey, ...asked, algorithm };
      const [ours, theirs] = await Promise.all([askUs(packed, whole), askOpa(packed, whole, name)]);
      if (refusal === null) expect(ours).toBe("taken");
      else expect(ours).toContain(refusal);
      if (refusal === null || isTakenByOpa) expect(theirs).toBe("taken");
      else expect(theirs).toContain("load error");
    });

  it("that OPA built and signed is taken", async () => {
    const source = join(folder, "source");
    for (const [name, bytes] of FILES) {
      mkdirSync(dirname(join(source, name)), { recursive: true });
      writeFileSync(join(source, name), bytes);
    }
    writeFileSync(join(folder, "claims.json"), '{"scope": "prod", "iss": "ci"}');
    for (const algorithm of SIGNATURE_ALGORITHMS) {
      writeFileSync(join(folder, "key.pem"), toPrivatePem(PAIRS[algorithm].privateKey));
      const flags = ["--signing-key", "../key.pem", "--signing-alg", algorithm];
      const claims = ["--claims-file", "../claims.json"];
      const asked = { algorithm, key: PAIRS[algorithm].publicKey, scope: "prod" };
      await opa.run(["build", "--bundle", ...flags, ...claims, "--output", "../built.tar.gz", "."], {
        cwd: source,
      });
      expect(await askUs(readFileSync(join(folder, "built.tar.gz")), asked)).toBe("taken");
      await opa.run(["sign", "--bundle", ...flags, ...claims, "--output-file-path", "..", "."], {
        cwd: source,
      });
      const signatures = readFileSync(join(folder, ".signatures.json"));
      expect(await askUs(await packBundle(withSignatures(signatures.toString())), asked)).toBe("taken");
    }
  });

  it("has the same bytes where the same key signs it anew, but for ES256", async () => {
    const [one, other] = [await packBundle(await good()), await packBundle(await good())];
    expect(one.equals(other)).toBe(true);
  });

  it("may be signed by any of several keys, each by its own algorithm alone", async () => {
    const keys = SIGNATURE_ALGORITHMS.map((algorithm) => ({
      id: algorithm,
      algorithm,
      key: PAIRS[algorithm].publicKey,
    }));
    const trust = { keys, scope: "prod", fingerprint: "" };
    for (const algorithm of SIGNATURE_ALGORITHMS)
      expect(await verifySignature(await signedWith(algorithm), trust)).toEqual({ keyId: algorithm });
    const shuffled = keys.map((key, index) => ({
      ...key,
      algorithm: keys[(index + 1) % 3]?.algorithm ?? "EdDSA",
    }));
    for (const algorithm of SIGNATURE_ALGORITHMS)
      await expect(
        verifySignature(await signedWith(algorithm), { ...trust, keys: shuffled }),
      ).rejects.toThrow("of no key");
  });
});

describe("an operator's file", () => {
  const bytes = Buffer.from("lists:\n  models: [gpt-5]\n");
  const { publicKey: key, privateKey } = PAIRS.EdDSA;
  const trust: Trust = { keys: [{ id: "k1", algorithm: "EdDSA", key }], scope: "prod", fingerprint: "" };
  const signer = { algorithm: "EdDSA", privateKey, keyId: "k1", scope: "prod" } as const;

  it("is taken as it was signed, and in no other way", async () => {
    const signature = await signOperatorFile(bytes, signer);
    expect(await verifyOperatorFile(bytes, `${signature}\n`, trust)).toEqual({ keyId: "k1" });
    const refused: [Buffer, string | null, Trust, string][] = [
      [bytes, null, trust, "not signed"],
      [Buffer.concat([bytes, Buffer.from("\n")]), signature, trust, "not what was signed"],
      [bytes, signature, { ...trust, scope: "" }, "another scope"],
      [bytes, await signOperatorFile(bytes, { ...signer, privateKey: OTHER.privateKey }), trust, "of no key"],
      [bytes, readToken(await good()), trust, "is of something else"],
    ];
    for (const [file, text, trusted, reason] of refused)
      await expect(verifyOperatorFile(file, text, trusted)).rejects.toThrow(reason);
  });

  it("has a signature that signs no bundle", async () => {
    const asked = { algorithm: "EdDSA", key, scope: "prod" } as const;
    const packed = await packBundle(withToken(await signOperatorFile(bytes, signer)));
    expect(await askUs(packed, asked)).toContain("no bundle's");
  });
});
