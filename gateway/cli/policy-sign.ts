// `tollgate policy sign` and `verify`: signatures of bundles and of operator's files.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { packBundle } from "../bundle-archive/pack.ts";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import { signFiles, verifySignature } from "../bundle-signature/bundle-signature.ts";
import {
  signOperatorFile,
  toSignaturePath,
  verifyOperatorFile,
} from "../bundle-signature/operator-signature.ts";
import { loadConfig } from "../config/config.ts";
import {
  createTrustSource,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  type Trust,
} from "../config/signing.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { getConfigFile } from "./config-file.ts";
import { ChildEnd, CommandError, type CommandContext } from "./context.ts";
import { printJson } from "./print.ts";
import { readText } from "./read-text.ts";
import { readSigner, toTrustInKey } from "./signing-keys.ts";
import { writeWhole } from "./write-whole.ts";

type SignFlags = {
  readonly key: string;
  readonly keyId: string;
  readonly algorithm?: SignatureAlgorithm;
  readonly scope: string;
  readonly output?: string;
  readonly operator?: true;
  readonly json?: true;
};
type VerifyFlags = {
  readonly publicKey?: string;
  readonly scope?: string;
  readonly operator?: true;
  readonly json?: true;
};

/** Adds the commands to their group. */
export function addPolicySign(group: Command, program: Command, context: CommandContext): void {
  group
    .command("sign")
    .description(
      "sign a bundle, as OPA does, or with --operator an operator's file, whose signature goes to FILE.sig",
    )
    .argument("<file>", "the bundle (.tar.gz), or the operator's file")
    .requiredOption("--key <file>", "the private key in PEM: a file, or env:NAME of a variable that holds it")
    .requiredOption("--key-id <id>", "what the key is called in the gateways' policy.signing")
    .addOption(
      new Option("--algorithm <name>", "what to sign by (default: what the key is for)").choices(
        SIGNATURE_ALGORITHMS,
      ),
    )
    .option("--scope <text>", "what it is signed for: the gateways' policy.signing.scope", "")
    .option("-o, --output <file>", "where the signed bundle goes (default: in place), or the signature")
    .option("--operator", "sign an operator's file")
    .option("--json", "print JSON")
    .action((file: string, flags: SignFlags) => runSign(file, flags, context));

  group
    .command("verify")
    .description("verify a signature as a gateway does; ends with 1 where it would not serve the file")
    .argument("<file>", "the bundle (.tar.gz), or the operator's file")
    .option("--public-key <file>", "the key that must have signed it (default: those of policy.signing)")
    .option(
      "--scope <text>",
      "what it must be signed for (default: policy.signing.scope, with --public-key none)",
    )
    .option("--operator", "verify an operator's file by FILE.sig")
    .option("--json", "print JSON")
    .action((file: string, flags: VerifyFlags) => runVerify(file, flags, getConfigFile(program), context));
}

async function runSign(file: string, flags: SignFlags, context: CommandContext): Promise<void> {
  const signer = readSigner(flags, context);
  const path = resolve(context.cwd, file);
  const bytes = readBytes(path);
  const isOperator = flags.operator === true;
  const output = resolve(context.cwd, flags.output ?? (isOperator ? toSignaturePath(path) : path));
  const made = await orRefuse(file, async () =>
    isOperator
      ? `${await signOperatorFile(bytes, signer)}\n`
      : packBundle(await signFiles(await unpackBundle(bytes), signer)),
  );
  writeWhole(output, made);
  const { keyId: key, algorithm, scope } = signer;
  if (flags.json === true) return printJson(context.stdout, { output, key, algorithm, scope });
  const purpose = scope === "" ? "" : `, for the scope ${scope}`;
  context.stdout.write(`${output}: signed with ${key} (${algorithm})${purpose}.\n`);
}

async function runVerify(
  file: string,
  flags: VerifyFlags,
  configFile: string | null,
  context: CommandContext,
): Promise<void> {
  const trust = toTrust(flags, configFile, context);
  const path = resolve(context.cwd, file);
  const bytes = readBytes(path);
  try {
    const { keyId } =
      flags.operator === true
        ? await verifyOperatorFile(bytes, readIfThere(toSignaturePath(path)), trust)
        : await verifySignature(await unpackBundle(bytes), trust);
    if (flags.json === true) return printJson(context.stdout, { file: path, verified: true, key: keyId });
    context.stdout.write(`${file}: signed with ${keyId}.\n`);
  } catch (error) {
    if (!(error instanceof PolicyLoadError)) throw error;
    if (flags.json !== true) throw new CommandError(`${file} is refused: ${error.message}`);
    printJson(context.stdout, { file: path, verified: false, reason: error.message });
    throw new ChildEnd(1);
  }
}

function toTrust(flags: VerifyFlags, configFile: string | null, context: CommandContext): Trust {
  if (flags.publicKey !== undefined) return toTrustInKey(readText(context, flags.publicKey), flags.scope);
  const { config } = loadConfig({ file: configFile, env: context.env, cwd: context.cwd, scope: "database" });
  const source = createTrustSource(config.policy.signing, context.env);
  if (source === null)
    throw new CommandError("The configuration has no policy.signing; name a key with --public-key.", 2);
  try {
    const trust = source.read();
    return flags.scope === undefined ? trust : { ...trust, scope: flags.scope };
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : "A key can't be had.", 2);
  }
}

async function orRefuse<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof PolicyLoadError ? new CommandError(`${file} is refused: ${error.message}`) : error;
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new CommandError(`The file ${path} can't be read (${code}).`, 2);
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
