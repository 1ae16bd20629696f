// What the rules say of themselves, read from the bundle that the configuration names.
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/secrets.ts";
import { createTrustSource } from "../config/signing.ts";
import { ERRORS } from "../errors.ts";
import type { RuleText } from "../exchange.ts";
import { readBundle } from "../policy/bundle.ts";

export type RuleTexts = {
  /** The bundle's revision; null where it can't be read. */
  readonly revision: string | null;
  /** Gives title and remedy of a rule's or error's code; null for one that nobody knows. */
  find(code: string): Pick<RuleText, "title" | "remedy"> | null;
};

/** Reads the texts. A bundle that can't be read leaves codes without words, and stops no command. */
export async function readRuleTexts(config: Config, env: Environment): Promise<RuleTexts> {
  const rules = new Map<string, Pick<RuleText, "title" | "remedy">>();
  let revision: string | null = null;
  try {
    const trust = createTrustSource(config.policy.signing, env)?.read() ?? null;
    const { manifest } = await readBundle(readFileSync(config.policy.bundle), { trust });
    revision = manifest.revision;
    for (const rule of manifest.metadata?.tollgate?.rules ?? []) rules.set(rule.code, rule);
  } catch {
    revision = null;
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
  };
}
