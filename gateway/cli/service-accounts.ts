// `tollgate service-accounts`: keys for programs.
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { Database } from "../../db/client.ts";
import type { KeyRow, ServiceAccountRow } from "../../db/queries/list-service-accounts.ts";
import { listServiceAccounts, toAccountStatus } from "../../db/queries/list-service-accounts.ts";
import { createKey, revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { ADMIN_SCOPES } from "../identity/admin-scopes.ts";
import { createKeyText, hashKey, toHint } from "../identity/key-format.ts";
import { getConfigFile } from "./config-file.ts";
import { addProfileOptions, readProfile } from "./account-profile.ts";
import type { Profile, ProfileOptions } from "./account-profile.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { toOperator } from "./operator.ts";
import { addKeyCommand } from "./client-key.ts";
import { printFields, printJson, printTable, toMoment } from "./print.ts";
import { withDatabase } from "./with-database.ts";

const LONGEST_TTL = 366 * 86_400_000;

export type IssuedKey = {
  readonly id: string;
  readonly subject: string;
  readonly groups: readonly string[];
  /** Shown once, stored nowhere. */
  readonly key: string;
  readonly expires_at: string;
};

/** Makes a key for an account; null where `existing` says not to, as `createKey` tells. */
export async function issueKey(
  db: Database,
  input: {
    readonly tenant: string;
    readonly name: string;
    readonly groups: readonly string[];
    readonly ttlMs: number;
    readonly existing: "refuse" | "replace" | "add";
    readonly profile?: Profile;
    readonly scopes?: readonly string[];
  },
): Promise<IssuedKey | null> {
  const key = createKeyText();
  const expiresAt = new Date(Date.now() + input.ttlMs);
  const { tenant, name, groups, existing, profile = {}, scopes } = input;
  const created = await createKey(db, {
    tenant,
    name,
    groups,
    existing,
    profile,
    ...(scopes !== undefined && { scopes }),
    createdBy: toOperator(),
    hash: hashKey(key),
    hint: toHint(key),
    expiresAt,
  });
  return created === null
    ? null
    : { id: created.accountId, subject: name, groups, key, expires_at: expiresAt.toISOString() };
}

type CreateOptions = ProfileOptions & {
  readonly group?: readonly string[];
  readonly scope?: (typeof ADMIN_SCOPES)[number];
  readonly ttl: number;
  readonly rotate?: true;
  readonly json?: true;
};

/** Adds the commands. */
export function addServiceAccounts(program: Command, context: CommandContext): void {
  const group = program.command("service-accounts").description("keys for programs");

  const create = group
    .command("create")
    .description("make a service account and its key; the key is shown once")
    .argument("<name>", "its name, which becomes the caller's subject", parseName)
    .option("-g, --group <group>", "a group of the policy; may be given several times", collectGroup)
    .addOption(
      new Option(
        "--scope <scope>",
        "make a key for the operators' listener alone, in place of a group: policy:replay may try bundles on the record",
      ).choices(ADMIN_SCOPES),
    )
    .addOption(
      new Option("--ttl <duration>", "how long the key is valid, at most 366d")
        .argParser(parseDuration)
        .default(parseDuration("90d"), "90d"),
    );
  addProfileOptions(create)
    .option("--rotate", "revoke the account's keys and make another where the name exists")
    .option("--json", "print JSON")
    .action(async (name: string, options: CreateOptions) => {
      const profile = readProfile(options);
      const { group = [], scope } = options;
      if ((scope === undefined) === (group.length === 0))
        throw new CommandError(
          "Give --group for a caller of the API, or --scope for the operators' listener.",
          2,
        );
      if (options.ttl > LONGEST_TTL) throw new CommandError("A key lives for at most 366 days.", 2);
      const issued = await withDatabase(
        context,
        { configFile: getConfigFile(program), create: true },
        (db, config) =>
          issueKey(db, {
            tenant: config.policy.tenant,
            name,
            groups: group,
            ...(scope !== undefined && { scopes: [scope] }),
            ttlMs: options.ttl,
            profile,
            existing: options.rotate === true ? "replace" : "refuse",
          }),
      );
      if (issued === null) {
        throw new CommandError(
          `The service account ${name} exists. --rotate replaces its keys; "service-accounts revoke ${name}" ends it.`,
        );
      }
      if (options.json === true) return printJson(context.stdout, issued);
      printFields(context.stdout, [
        ["id", issued.id],
        ["subject", issued.subject],
        ["groups", issued.groups.join(", ")],
        ["expires", issued.expires_at],
        ["key", issued.key],
      ]);
      context.stdout.write("\nKeep the key: it isn't stored and can't be shown again.\n");
    });

  addKeyCommand(group, program, context);

  group
    .command("list")
    .description("list the service accounts")
    .option("--json", "print JSON")
    .action(async (options: { json?: true }) => {
      const accounts = await withDatabase(
        context,
        { configFile: getConfigFile(program), create: false },
        listServiceAccounts,
      );
      if (options.json === true) return printJson(context.stdout, accounts.map(toJson));
      if (accounts.length === 0) context.stdout.write("There are no service accounts.\n");
      else {
        const rows = accounts.map((account) => {
          const newest = account.keys.at(-1);
          const expires = newest?.expiresAt == null ? "" : toMoment(newest.expiresAt).slice(0, 16);
          return [
            account.name,
            account.agent === null ? "service" : "agent",
            account.groups.join(","),
            toAccountStatus(account),
            expires,
            newest?.hint ?? "",
            account.id,
          ];
        });
        printTable(
          context.stdout,
          ["SUBJECT", "KIND", "GROUPS", "STATUS", "EXPIRES (UTC)", "KEY", "ID"],
          rows,
        );
      }
    });

  group
    .command("revoke")
    .description(
      "revoke an account with all its keys and the agents that it owns, or one key; every process refuses it within a second",
    )
    .argument("<name-or-id>", "the account's name or id, or a key's id")
    .option("--json", "print JSON")
    .action(async (nameOrId: string, options: { json?: true }) => {
      const revoked = await withDatabase(
        context,
        { configFile: getConfigFile(program), create: false },
        (db) => revokeServiceAccount(db, nameOrId, toOperator()),
      );
      if (revoked === null) throw new CommandError("No service account and no key has this name or id.");
      if (options.json === true) {
        return printJson(context.stdout, {
          id: revoked.accountId,
          subject: revoked.name,
          revoked_keys: revoked.keyIds,
          ...(revoked.agents.length > 0 && { ended_agents: revoked.agents }),
        });
      }
      const count = revoked.keyIds.length;
      context.stdout.write(`Revoked ${count} ${count === 1 ? "key" : "keys"} of ${revoked.name}.\n`);
      if (revoked.agents.length > 0)
        context.stdout.write(`Ended with it, as its agents: ${revoked.agents.join(", ")}.\n`);
    });
}

function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "Expected letters, digits and . _ @ -, beginning with a letter or digit, at most 128.",
  );
}

/** Reads one more group of an option that may be given several times. */
export function collectGroup(text: string, before: string[] | undefined): string[] {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(text)) {
    throw new InvalidArgumentError(
      "Expected letters, digits and . _ : / -, beginning with a letter or digit, at most 128.",
    );
  }
  return [...new Set([...(before ?? []), text])];
}

function toJson(account: ServiceAccountRow): object {
  return {
    id: account.id,
    subject: account.name,
    kind: account.agent === null ? "service" : "agent",
    agent: account.agent,
    attributes: account.attributes,
    initiator: account.initiator,
    tenant: account.tenant,
    groups: account.groups,
    status: toAccountStatus(account),
    created_at: account.createdAt.toISOString(),
    created_by: account.createdBy,
    expires_at: account.keys.at(-1)?.expiresAt?.toISOString() ?? null,
    keys: account.keys.map(toKeyJson),
  };
}

function toKeyJson(key: KeyRow): object {
  return {
    id: key.id,
    hint: key.hint,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    revoked_by: key.revokedBy,
  };
}
