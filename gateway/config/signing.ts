// Reads the keys that policy must be signed with, as the configuration names them.
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import type { Environment } from "./secrets.ts";
import { followReference } from "./secrets.ts";

/** The algorithms that a signature may have. */
export const SIGNATURE_ALGORITHMS = ["EdDSA", "ES256", "RS256"] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** A key that signatures are believed of. */
export type TrustedKey = {
  readonly id: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
};

/** What a signature must be like to be believed. */
export type Trust = {
  readonly keys: readonly TrustedKey[];
  /** Empty: a signature for nothing in particular. */
  readonly scope: string;
  /** Differs where any of it does. */
  readonly fingerprint: string;
};

/** Where trust comes from, each time anew: keys change while a gateway runs. */
export type TrustSource = {
  readonly files: readonly string[];
  /** Reads the keys. Throws an Error that says which one cannot be had. */
  read(): Trust;
};

const signingKey = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: "expected letters, digits, _ . -, at most 64" })
    .meta({ description: "Names the key in what the gateway says of a signature." }),
  algorithm: z
    .enum(SIGNATURE_ALGORITHMS)
    .meta({ description: "The algorithm that alone counts with this key, whatever a signature says." }),
  public_key: z
    .string()
    .regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|\s*-----BEGIN PUBLIC KEY-----[^]*)$/, {
      error: "expected env:NAME, file:PATH, or a public key in PEM",
    })
    .meta({ description: "The public key in PEM: itself, or `env:NAME` or `file:PATH` of it." }),
});

/** The part `policy.signing` of the file. */
export const signing = z
  .strictObject({
    keys: z
      .array(signingKey)
      .min(1)
      .max(16)
      .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, {
        error: "expected ids that differ",
      })
      .meta({ description: "The keys, of which any one may have signed. Changed files are read anew." }),
    scope: z.string().max(256).default("").meta({
      description: "The `scope` that a signature must carry, for instance `production`. Absent: none.",
    }),
  })
  .optional()
  .meta({
    description:
      "Who must have signed the bundle and the operator's file. Where it stands nothing unsigned is served ([policy-signing.md](policy-signing.md)).",
  });

/** The keys as they are configured, with whole paths. */
export type SigningConfig = NonNullable<z.output<typeof signing>>;

const LEAST_RSA_BITS = 2048;
const SPKI = { type: "spki", format: "pem" } as const;

/** Makes the paths of keys whole. */
export function resolveSigning(config: SigningConfig, folder: string): SigningConfig {
  const keys = config.keys.map((key) =>
    key.public_key.startsWith("file:")
      ? { ...key, public_key: `file:${resolve(folder, key.public_key.slice(5))}` }
      : key,
  );
  return { ...config, keys };
}

/** Makes the source of trust; null where no keys are configured. */
export function createTrustSource(config: SigningConfig | null, env: Environment): TrustSource | null {
  if (config === null) return null;
  const references = config.keys.map((key) => key.public_key);
  return {
    files: references.filter((one) => one.startsWith("file:")).map((one) => one.slice(5)),
    read() {
      const trust = readTrust(config, env);
      if (!("expected" in trust)) return trust;
      throw new Error(
        `the key ${config.keys[trust.index]?.id} of policy.signing is not there: ${trust.expected}`,
      );
    },
  };
}

/** Reads the keys. Gives what is wrong with which instead. */
export function readTrust(
  config: SigningConfig,
  env: Environment,
): Trust | { readonly index: number; readonly expected: string } {
  const keys: TrustedKey[] = [];
  for (const [index, { id, algorithm, public_key: reference }] of config.keys.entries()) {
    const followed = /^(?:env|file):/.test(reference)
      ? followReference(reference, env, "/")
      : { value: reference };
    if ("expected" in followed) return { index, expected: followed.expected };
    const key = readVerificationKey(followed.value, algorithm);
    if ("expected" in key) return { index, expected: key.expected };
    keys.push({ id, algorithm, key });
  }
  const { scope } = config;
  const parts = keys.map(({ id, algorithm, key }) => [id, algorithm, key.export(SPKI)]);
  return { keys, scope, fingerprint: JSON.stringify([scope, parts]) };
}

/** Reads a public key that fits its algorithm. Says what was expected instead; nothing of the text stands in that. */
export function readVerificationKey(
  text: string,
  algorithm: SignatureAlgorithm,
): KeyObject | { readonly expected: string } {
  if (text.includes("PRIVATE KEY"))
    return { expected: "expected a public key; this is a private one, which belongs to who signs alone" };
  const key = /^\s*-----BEGIN PUBLIC KEY-----/.test(text) ? attempt(() => createPublicKey(text)) : null;
  if (key === null) return { expected: "expected a public key in PEM (BEGIN PUBLIC KEY)" };
  return isKeyFor(algorithm, key)
    ? key
    : { expected: `expected ${KINDS[algorithm]}, since the algorithm is ${algorithm}` };
}

const KINDS: Readonly<Record<SignatureAlgorithm, string>> = {
  EdDSA: "an Ed25519 key",
  ES256: "a P-256 key",
  RS256: `an RSA key of at least ${LEAST_RSA_BITS} bits`,
};

/** Tells whether a key, public or private, is one that the algorithm takes. */
export function isKeyFor(algorithm: SignatureAlgorithm, key: KeyObject): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (algorithm === "EdDSA") return type === "ed25519";
  if (algorithm === "ES256") return type === "ec" && details?.namedCurve === "prime256v1";
  return type === "rsa" && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS;
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
