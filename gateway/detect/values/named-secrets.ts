// The table of secrets that only a name tells: `name = value` in code, JSON, YAML, headers, and sentences.
import { GENERIC_SECRETS } from "./named-generic.ts";
import { PROVIDER_SECRETS } from "./named-providers.ts";
import { PUBLISHED_SECRETS } from "./named-published.ts";
import type { NamedSecretRow } from "./table.ts";

/** The secrets with a name: those of providers first, whose values have a form; ids of the rest begin with `generic`. */
export const NAMED_SECRETS: readonly NamedSecretRow[] = [
  ...PUBLISHED_SECRETS,
  ...PROVIDER_SECRETS,
  ...GENERIC_SECRETS,
];
