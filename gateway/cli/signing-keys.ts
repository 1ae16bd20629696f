// The keys that commands sign and verify with.
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Signer } from "../bundle-signature/jws.ts";
import { followReference } from "../config/secrets.ts";
import {
  isKeyFor,
  readVerificationKey,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  type Trust,
} from "../config/signing.ts";
import { CommandError, type CommandContext } from "./context.ts";

/** What says by which key a command signs. */
export type SignerFlags = {
  readonly key: string;
  readonly keyId: string;
  readonly algorithm?: SignatureAlgorithm;
  readonly scope: string;
};

/** Reads the key that signs, from a file or a variable; it never stands in the arguments. */
export function readSigner(flags: SignerFlags, context: CommandContext): Signer {
  const privateKey = readPrivateKey(flags.key, context);
  const algorithm = flags.algorithm ?? SIGNATURE_ALGORITHMS.find((one) => isKeyFor(one, privateKey));
  if (algorithm === undefined || !isKeyFor(algorithm, privateKey))
    throw new CommandError(
      `The key signs by none of ${flags.algorithm ?? SIGNATURE_ALGORITHMS.join(", ")}; \`tollgate policy key\` makes one.`,
      2,
    );
  return { algorithm, privateKey, keyId: flags.keyId, scope: flags.scope };
}

/** Says nothing of the text: it is a secret, or was meant to be one. */
function readPrivateKey(source: string, { cwd, env }: CommandContext): KeyObject {
  if (source.includes("-----BEGIN"))
    throw new CommandError("A private key never stands in the arguments: give a file, or env:NAME.", 2);
  const followed = followReference(/^(?:env|file):/.test(source) ? source : `file:${source}`, env, cwd);
  if ("expected" in followed) throw new CommandError(`The key can't be had: ${followed.expected}.`, 2);
  if (followed.value.includes("ENCRYPTED"))
    throw new CommandError("The key has a passphrase; `openssl pkcs8 -topk8 -nocrypt` takes it off.", 2);
  try {
    return createPrivateKey(followed.value);
  } catch {
    throw new CommandError("Expected a private key in PEM.", 2);
  }
}

/** Trusts one public key in PEM alone. */
export function toTrustInKey(text: string, scope = ""): Trust {
  const keys = SIGNATURE_ALGORITHMS.flatMap((algorithm) => {
    const key = readVerificationKey(text, algorithm);
    return "expected" in key ? [] : [{ id: "the key", algorithm, key }];
  });
  if (keys.length === 0)
    throw new CommandError("Expected a public key in PEM: Ed25519, P-256, or RSA of at least 2048 bits.", 2);
  return { keys, scope, fingerprint: "" };
}
