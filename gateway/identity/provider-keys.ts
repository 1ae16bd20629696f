// Knows the keys of model providers by their form, so that a program that sends one is told what it has done.
import { createHmac } from "node:crypto";

/** A provider's key that reached us. It is known here by a keyed hash alone. */
export type ProviderKeyIncident = {
  readonly kind: "provider_key_presented";
  /** Which form it has, for instance `openai`. */
  readonly provider: string;
  /** Equal for equal keys; says nothing about the key without the gateway's secret. */
  readonly keyHash: string;
  /** How often keys were presented since the last incident without one of their own. */
  readonly unreported: number;
  /** Where it came from; null where that is not known. */
  readonly address: string | null;
};

const FORMS: readonly (readonly [string, RegExp])[] = [
  ["anthropic", /^sk-ant-/],
  ["openrouter", /^sk-or-/],
  ["openai", /^(?:sk-|sess-|ek_)/],
  ["groq", /^gsk_/],
  ["xai", /^xai-/],
  ["google", /^AIza/],
  ["huggingface", /^hf_/],
  ["replicate", /^r8_/],
  ["perplexity", /^pplx-/],
];

/** Names the provider whose key a token looks like, or null. */
export function findProvider(token: string): string | null {
  return FORMS.find(([, form]) => form.test(token))?.[0] ?? null;
}

/** Names the provider whose own tokens (workload identity) carry this issuer, or null. */
export function findProviderOfIssuer(issuer: string): string | null {
  if (!URL.canParse(issuer)) return null;
  const { hostname } = new URL(issuer);
  return hostname === "openai.com" || hostname.endsWith(".openai.com") ? "openai" : null;
}

/** Gives the incident of a presented key. */
export function toIncident(
  provider: string,
  token: string,
  secret: Buffer,
): Omit<ProviderKeyIncident, "unreported" | "address"> {
  const keyHash = createHmac("sha256", secret).update(`provider key\0${token}`).digest("base64url");
  return { kind: "provider_key_presented", provider, keyHash };
}
