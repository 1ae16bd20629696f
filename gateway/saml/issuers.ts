// Opens the configured SAML issuers. Nothing is read or fetched before the first assertion.
import { readFile } from "node:fs/promises";
import type { SamlIssuerConfig } from "../config/saml-issuers.ts";
import { GatewayError } from "../errors.ts";
import { boundedFetch } from "../identity/bounded-fetch.ts";
import type { ProviderKeys } from "./metadata.ts";
import { readMetadata } from "./metadata.ts";

/** A trusted issuer of assertions. */
export type SamlIssuer = {
  readonly config: SamlIssuerConfig;
  /** Gives its certificates and its sign-in URL. Rejects with `identity_unavailable`. */
  readonly keys: () => Promise<ProviderKeys>;
};

/** How old metadata may be before it is read again; that of a file costs nothing. */
const FRESH_MS = { file: 10_000, url: 3_600_000, certificates: Number.POSITIVE_INFINITY };
/** How long what is at hand serves while it can't be read again. */
const STALE_MS = 24 * 3_600_000;
const RETRY_MS = 10_000;
const FETCH_LIMIT_MS = 5_000;

/** Opens each issuer. */
export function openSamlIssuers(
  configs: readonly SamlIssuerConfig[],
  now: () => number,
): readonly SamlIssuer[] {
  return configs.map((config) => ({ config, keys: createKeys(config, now) }));
}

/** Reads an issuer's keys anew. Rejects with an error that an operator is shown. */
async function loadKeys(config: SamlIssuerConfig, now: () => number): Promise<ProviderKeys> {
  const { keys, issuer, sign_in_url: signInUrl } = config;
  if (keys.from === "certificates") return { certificates: keys.certificates, signInUrl };
  const text =
    keys.from === "file" ? await readFile(keys.metadata, "utf8") : await fetchMetadata(keys.metadata);
  const read = readMetadata(text, issuer, now());
  return { ...read, signInUrl: signInUrl ?? read.signInUrl };
}

async function fetchMetadata(url: string): Promise<string> {
  const response = await boundedFetch(url, { signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
  if (!response.ok) throw new Error(`The issuer's metadata can't be had: status ${response.status}.`);
  return response.text();
}

function createKeys(config: SamlIssuerConfig, now: () => number): () => Promise<ProviderKeys> {
  let held: { readonly keys: ProviderKeys; readonly at: number } | null = null;
  let tried = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;

  async function load(): Promise<void> {
    tried = now();
    held = { keys: await loadKeys(config, now), at: now() };
  }

  return async () => {
    const isFresh = held !== null && now() - held.at < FRESH_MS[config.keys.from];
    let cause: unknown = null;
    // Whoever comes while it is read waits for the same reading; after a failure the next one is not at once.
    if (!isFresh && (running !== null || now() - tried >= RETRY_MS)) {
      running ??= load().finally(() => {
        running = null;
      });
      await running.catch((error: unknown) => {
        cause = error;
      });
    }
    if (held !== null && now() - held.at < STALE_MS + FRESH_MS[config.keys.from]) return held.keys;
    throw new GatewayError(
      "identity_unavailable",
      "The assertion can't be checked: its issuer's keys can't be had.",
      {
        cause,
      },
    );
  };
}
