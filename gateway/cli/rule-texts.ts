// What the rules say of themselves, read from the bundles that the configuration names, or that the database keeps.
import { readFileSync } from "node:fs";
import type { Database } from "../../db/client.ts";
import type { BundleConfig } from "../config/bundles.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/secrets.ts";
import { createTrustSource } from "../config/signing.ts";
import { findKept } from "../distribution/find-kept.ts";
import { ERRORS } from "../errors.ts";
import type { RuleText } from "../exchange.ts";
import { readBundle } from "../policy/bundle.ts";
import type { Bundle } from "../policy/bundle.ts";
import { toSetRevision } from "../set-revision.ts";

export type RuleTexts = {
  /** The revision of all of them; null where it can't be read. */
  readonly revision: string | null;
  /** Gives title and remedy of a rule's or error's code; null for one that nobody knows. */
  find(code: string): Pick<RuleText, "title" | "remedy"> | null;
  /** Gives the file of the rule with this code, below the policy's folder; null where there is none. */
  findSource(code: string): string | null;
};

type Read = Bundle & { readonly name: string; readonly isGate: boolean };

/**
 * Reads the texts: of the configured bundles, and where one comes from elsewhere, of the revision that decided. A bundle
 * that can't be read leaves codes without words, and stops no command.
 */
export async function readRuleTexts(
  { db, config, env }: { readonly db: Database; readonly config: Config; readonly env: Environment },
  decidedBy: string | null,
): Promise<RuleTexts> {
  const rules = new Map<string, Pick<RuleText, "title" | "remedy" | "package">>();
  let revision: string | null = null;
  try {
    const bundles = await Promise.all(config.policy.bundles.map(readOne));
    revision = toSetRevision(
      bundles.map(({ manifest, ...bundle }) => ({ ...bundle, revision: manifest.revision })),
    );
    for (const { manifest } of bundles)
      for (const rule of manifest.metadata?.tollgate?.rules ?? []) rules.set(rule.code, rule);
  } catch {
    revision = null;
  }

  async function readOne({ name, isGate, url, bundle, signing }: BundleConfig): Promise<Read> {
    const trust = createTrustSource(signing, env)?.read() ?? null;
    const bytes = url === null ? readFileSync(bundle) : await readKept(name);
    return { name, isGate, ...(await readBundle(bytes, { trust })) };
  }

  async function readKept(name: string): Promise<Buffer> {
    const kept = decidedBy === null ? null : await findKept(db, decidedBy);
    const own = kept?.length === 1 ? kept[0] : kept?.find((one) => one.name === name);
    return own?.bytes ?? Buffer.alloc(0);
  }

  const errors = new Map(Object.entries(ERRORS));
  return {
    revision,
    find(code) {
      const rule = rules.get(code);
      if (rule !== undefined) return { title: rule.title, remedy: rule.remedy };
      const error = errors.get(code);
      return error === undefined ? null : { title: error.meaning, remedy: error.remedy };
    },
    findSource(code) {
      const parts = rules
        .get(code)
        ?.package.replace(/^data\./, "")
        .split(".");
      return parts === undefined ? null : `${parts.join("/")}/${parts.at(-1) ?? ""}.rego`;
    },
  };
}
