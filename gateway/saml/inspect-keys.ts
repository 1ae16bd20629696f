// Tells an operator whether an issuer's keys can be had, and until when its certificates are for.
import { X509Certificate } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { SamlIssuer } from "./issuers.ts";

/** What there is to say of them. Certificates that have ended are still believed, but their issuer is about to sign by others. */
export type KeysFinding = { readonly status: "ok" | "warn" | "fail"; readonly detail: string };

const SOON_MS = 30 * 86_400_000;

/** Inspects them, from where the configuration says that they are. */
export async function inspectKeys({ config, keys }: SamlIssuer, now: number): Promise<KeysFinding> {
  const from =
    config.keys.from === "certificates" ? "certificates of the configuration" : config.keys.metadata;
  try {
    const { certificates, signInUrl } = await keys();
    if (config.console !== null && signInUrl === null)
      return { status: "fail", detail: `${from}: no sign-in by redirect is in it; set sign_in_url` };
    const ends = certificates.map((pem) => new X509Certificate(pem).validToDate.getTime());
    const said = ends.map(
      (end) => `${end <= now ? "ended" : "until"} ${new Date(end).toISOString().slice(0, 10)}`,
    );
    const last = Math.max(...ends);
    const status = last <= now ? "fail" : last <= now + SOON_MS || Math.min(...ends) <= now ? "warn" : "ok";
    return { status, detail: `${from}: signed by ${said.join(", ")}` };
  } catch (error) {
    const cause = error instanceof GatewayError ? error.cause : error;
    return {
      status: "fail",
      detail: `${from}: ${cause instanceof Error ? cause.message : "it can't be read"}`,
    };
  }
}
