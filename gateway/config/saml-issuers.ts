// Makes of the file's SAML issuers what assertions are checked by: paths made absolute, certificates read, contradictions found.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ClaimRules, IssuerConfig } from "./issuers.ts";
import { toList, toMapping } from "./issuers.ts";
import type { ConfigFile } from "./schema.ts";

/** One trusted issuer of assertions. Its `issuer` is its entity id; claims are attributes. */
export type SamlIssuerConfig = ClaimRules & {
  readonly audience: readonly string[];
  readonly keys:
    | { readonly from: "file" | "url"; readonly metadata: string }
    | { readonly from: "certificates"; readonly certificates: readonly string[] };
  readonly sign_in_url: string | null;
  /** Its name in the console, where its people sign in there. */
  readonly console: { readonly name: string } | null;
  readonly clock_skew_s: number;
};

type Report = (at: readonly PropertyKey[], expected: string) => void;

const LEAST_RSA_BITS = 2048;

/** Reads the file's SAML issuers, of which none may be called as one of the `others` is. */
export function readSamlIssuers(
  entries: ConfigFile["saml_issuers"],
  options: { readonly folder: string; readonly others: readonly IssuerConfig[]; readonly report: Report },
): readonly SamlIssuerConfig[] {
  const { folder, report } = options;
  const taken = new Set(options.others.map(({ issuer }) => issuer));
  const names = new Set(options.others.map((one) => one.console?.name));
  return entries.flatMap((entry, index) => {
    const at = ["saml_issuers", index] as const;
    const { entity_id: issuer, metadata_file: file, metadata_url: url } = entry;
    // Who is of one issuer and subject is one caller: two protocols would let one's names stand for the other's.
    if (taken.has(issuer)) report([...at, "entity_id"], "expected an entity id that no other issuer has");
    taken.add(issuer);
    const place = entry.console === undefined ? null : { name: entry.console.name ?? toHostname(issuer) };
    if (place !== null && (place.name === "" || names.has(place.name)))
      report([...at, "console", "name"], "expected a name that no other issuer has in the console");
    names.add(place?.name);
    if (place !== null && entry.certificates.length > 0 && entry.sign_in_url === undefined)
      report([...at, "sign_in_url"], "expected where people sign in, which certificates don't tell");
    const given = [file, url, entry.certificates[0]].filter((one) => one !== undefined);
    if (given.length !== 1) {
      report(at, "expected one of metadata_file, metadata_url and certificates");
      return [];
    }
    const path = file === undefined ? null : resolve(folder, file);
    if (path !== null && !existsSync(path)) report([...at, "metadata_file"], `expected a file at ${path}`);
    const certificates = entry.certificates.flatMap((name, place) => {
      const read = readCertificate(resolve(folder, name));
      if ("expected" in read) report([...at, "certificates", place], read.expected);
      return "expected" in read ? [] : [read.pem];
    });
    return [
      {
        issuer,
        authorized_parties: [],
        audience: toList(entry.audience),
        keys:
          path !== null
            ? ({ from: "file", metadata: path } as const)
            : url !== undefined
              ? ({ from: "url", metadata: url } as const)
              : ({ from: "certificates", certificates } as const),
        sign_in_url: entry.sign_in_url ?? null,
        console: place,
        subject_claim: entry.subject_attribute,
        groups_claim: entry.groups_attribute,
        ...toMapping(entry),
        clock_skew_s: entry.clock_skew_s,
      },
    ];
  });
}

/** An entity id that is no URL has no host. */
function toHostname(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).hostname : "";
}

function readCertificate(path: string): { readonly pem: string } | { readonly expected: string } {
  try {
    const certificate = new X509Certificate(readFileSync(path));
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    return asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS
      ? { pem: certificate.toString() }
      : { expected: `expected a certificate of an RSA key of at least ${LEAST_RSA_BITS} bits` };
  } catch {
    return { expected: `expected a certificate in PEM at ${path}` };
  }
}
