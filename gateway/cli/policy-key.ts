// `tollgate policy key`: makes the pair of keys that policy is signed and verified with.
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { Option, type Command } from "commander";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "../config/signing.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { printJson } from "./print.ts";

type KeyFlags = {
  readonly keyId: string;
  readonly algorithm: SignatureAlgorithm;
  readonly output?: string;
  readonly json?: true;
};

/** Adds the command to its group. */
export function addPolicyKey(group: Command, context: CommandContext): void {
  group
    .command("key")
    .description("make a pair of keys to sign policy with, and say what belongs into the configuration")
    .requiredOption("--key-id <id>", "what the key is called, for instance release-2026")
    .addOption(
      new Option("--algorithm <name>", "what it signs by").choices(SIGNATURE_ALGORITHMS).default("EdDSA"),
    )
    .option(
      "-o, --output <file>",
      "where the private key goes, readable for you alone (default: KEY_ID.pem); beside it KEY_ID.pub.pem",
    )
    .option("--json", "print JSON")
    .action((flags: KeyFlags) => makeKey(flags, context));
}

function makeKey(flags: KeyFlags, { cwd, stdout }: CommandContext): void {
  const { keyId: id, algorithm } = flags;
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(id))
    throw new CommandError("Expected a key id of letters, digits, _ . -, at most 64.", 2);
  const privateFile = resolve(cwd, flags.output ?? `${id}.pem`);
  const publicFile = `${privateFile.replace(/\.pem$/, "")}.pub.pem`;
  const privateKey = generate(algorithm);
  writeNew(privateFile, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
  writeNew(publicFile, createPublicKey(privateKey).export({ type: "spki", format: "pem" }), 0o644);
  const entry = { id, algorithm, public_key: `file:${relative(cwd, publicFile)}` };
  if (flags.json === true)
    return printJson(stdout, { private_key: privateFile, public_key: publicFile, configuration: entry });
  stdout.write(
    `${privateFile} signs: keep it where policy is released from, and nowhere else.\n` +
      `${publicFile} verifies: the gateways get it, with this in their configuration:\n\n` +
      "policy:\n  signing:\n    keys:\n" +
      `      - id: "${id}"\n        algorithm: ${algorithm}\n        public_key: ${entry.public_key}\n\n` +
      "From their next start on they serve nothing that is not signed.\n",
  );
}

function generate(algorithm: SignatureAlgorithm): KeyObject {
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519").privateKey;
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  return generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey;
}

/** A key that is there is never written over. */
function writeNew(path: string, text: string | Buffer, mode: number): void {
  try {
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
    const why =
      code === "EEXIST" ? "is there already; name another with --output" : `can't be written (${code})`;
    throw new CommandError(`The file ${path} ${why}.`);
  }
}
