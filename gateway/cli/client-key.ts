// `tollgate service-accounts add-key`: a public key by which an account proves itself, so that it needs no secret.
import type { Command } from "commander";
import { addClientKey } from "../../db/queries/client-keys.ts";
import { readPublicKey } from "../oauth/public-key.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { toOperator } from "./operator.ts";
import { printJson } from "./print.ts";
import { readText } from "./read-text.ts";
import { withDatabase } from "./with-database.ts";

/** Adds the command. */
export function addKeyCommand(group: Command, program: Command, context: CommandContext): void {
  group
    .command("add-key")
    .description(
      "add a public key to an account, which then gets tokens by assertions that it signs (private_key_jwt, RFC 7523)",
    )
    .argument("<name>", "the account's name")
    .requiredOption("--public-key <file>", "the key: PEM (SPKI) or a JWK; RSA, P-256, P-384 or Ed25519")
    .option("--json", "print JSON")
    .action(async (name: string, options: { publicKey: string; json?: true }) => {
      const key = await readPublicKey(readText(context, options.publicKey));
      if ("problem" in key) throw new CommandError(key.problem, 2);
      const id = await withDatabase(context, { configFile: getConfigFile(program), create: false }, (db) =>
        addClientKey(db, name, { ...key, createdBy: toOperator() }),
      );
      if (id === null) throw new CommandError(`There is no service account ${name}, or it was revoked.`);
      const added = { id, subject: name, kid: key.thumbprint, alg: key.jwk.alg };
      if (options.json === true) return printJson(context.stdout, added);
      context.stdout.write(`${name} proves itself by the key ${added.kid} (${added.alg}) from now on.\n`);
    });
}
