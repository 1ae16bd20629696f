// The signature of a bundle as OPA writes it: `.signatures.json`, one JWT that lists every file with its digest.

import { createHash } from "node:crypto";
import { z } from "zod";
import type { BundleFiles } from "../bundle-archive/unpack.ts";
import type { Trust } from "../config/signing.ts";
import { runInTurns, STEP } from "../parse/steps.ts";
import type { Steps } from "../parse/steps.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { signPayload, verifyPayload, type Signer } from "./jws.ts";

const SIGNATURES = ".signatures.json";
/** Files whose content OPA hashes; of all others it hashes the bytes. */
const STRUCTURED = new Set(["data.json", ".manifest"]);
/** OPA hashes the content of these too, but reads it as YAML. */
const YAML = new Set(["data.yaml", "data.yml"]);
const LONGEST_TOKEN = 1 << 20;

const signaturesShape = z.strictObject({
  signatures: z.tuple([z.string().max(LONGEST_TOKEN)]),
  /** Written by `opa build`; no other plugin is one of ours. */
  plugin: z.literal("_default").optional(),
});

const payloadShape = z.looseObject({
  files: z.array(
    z.strictObject({
      name: z.string(),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      algorithm: z.literal("SHA-256"),
    }),
  ),
  scope: z.string().default(""),
});

/**
 * Verifies that a key of ours signed exactly these files, for our scope, and gives the key's id. Throws `PolicyLoadError`
 * that says what is wrong.
 */
export async function verifySignature(files: BundleFiles, trust: Trust): Promise<{ keyId: string }> {
  const { payload, keyId } = await verifyPayload(await readToken(files), trust, "its signature");
  const signed = payloadShape.safeParse(payload);
  if (!signed.success)
    throw new PolicyLoadError(`its signature is no bundle's:\n${z.prettifyError(signed.error)}`);
  checkScope(signed.data.scope, trust, "its signature");
  const digests = new Map(signed.data.files.map(({ name, hash }) => [name, hash]));
  if (digests.size !== signed.data.files.length)
    throw new PolicyLoadError("its signature lists a file twice");
  const missing = [...digests.keys()].find((name) => name === SIGNATURES || !files.has(name));
  if (missing !== undefined)
    throw new PolicyLoadError(`it lacks ${JSON.stringify(missing)}, which its signature lists`);
  for (const [name, bytes] of files) {
    if (name === SIGNATURES) continue;
    const digest = digests.get(name);
    if (digest === undefined)
      throw new PolicyLoadError(`it holds ${JSON.stringify(name)}, which its signature does not list`);
    if ((await hashFile(name, bytes)) !== digest)
      throw new PolicyLoadError(`its file ${JSON.stringify(name)} is not what was signed`);
  }
  return { keyId };
}

/** Refuses a signature that was made for something else. */
export function checkScope(scope: string, trust: Trust, what: string): void {
  if (scope === trust.scope) return;
  const wanted = trust.scope === "" ? "without a scope" : `for the scope ${trust.scope}`;
  throw new PolicyLoadError(`${what} is for another scope: policy.signing takes what is signed ${wanted}`);
}

/** Gives the files with a signature over all of them, in the place of one that they have. */
export async function signFiles(files: BundleFiles, signer: Signer): Promise<BundleFiles> {
  const content = new Map([...files].filter(([name]) => toBaseName(name) !== SIGNATURES));
  const listed: object[] = [];
  for (const [name, bytes] of content)
    listed.push({ name, hash: await hashFile(name, bytes), algorithm: "SHA-256" });
  const scope = signer.scope === "" ? {} : { scope: signer.scope };
  const token = await signPayload({ files: listed, ...scope }, "JWT", signer);
  return content.set(SIGNATURES, Buffer.from(`${JSON.stringify({ signatures: [token] })}\n`));
}

async function readToken(files: BundleFiles): Promise<string> {
  const bytes = files.get(SIGNATURES);
  const astray = [...files.keys()].find((name) => toBaseName(name) === SIGNATURES && name !== SIGNATURES);
  if (astray !== undefined)
    throw new PolicyLoadError(`it holds ${JSON.stringify(astray)}: signatures stand in ${SIGNATURES} alone`);
  if (bytes === undefined)
    throw new PolicyLoadError(
      "it is not signed, and policy.signing is configured: sign it with `tollgate policy sign`",
    );
  const value: unknown = JSON.parse(await runInTurns(toCanonicalJson(bytes, `its ${SIGNATURES}`)));
  const read = signaturesShape.safeParse(value);
  if (!read.success) throw new PolicyLoadError(`its ${SIGNATURES} must hold one JWT in \`signatures\``);
  return read.data.signatures[0];
}

async function hashFile(name: string, bytes: Buffer): Promise<string> {
  const base = toBaseName(name);
  if (YAML.has(base))
    throw new PolicyLoadError(
      `it holds ${JSON.stringify(name)}: data of a signed bundle stands in data.json`,
    );
  const content = STRUCTURED.has(base)
    ? Buffer.from(await runInTurns(toCanonicalJson(bytes, `its ${JSON.stringify(name)}`)))
    : bytes;
  return runInTurns(hashBytes(content));
}

function* hashBytes(bytes: Buffer): Steps<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += STEP) {
    hash.update(bytes.subarray(at, at + STEP));
    yield STEP;
  }
  return hash.digest("hex");
}

function toBaseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
