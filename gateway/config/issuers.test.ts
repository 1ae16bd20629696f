import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { issuer } from "./issuer-schema.ts";
import { readIssuers, toIssuer } from "./issuers.ts";
import type { IssuerConfig } from "./issuers.ts";
import { readSamlIssuers } from "./saml-issuers.ts";
import { samlIssuer } from "./saml-schema.ts";

function read(entries: readonly unknown[], secret?: string) {
  const problems: string[] = [];
  const found = readIssuers(
    entries.map((entry) => issuer.parse(entry)),
    {
      follow: () => (secret === undefined ? { expected: "expected a secret" } : { value: secret }),
      isServing: true,
      report: (at, expected) => problems.push(`${at.join(".")}: ${expected}`),
    },
  );
  return { ...found, problems };
}

const page = readFileSync(new URL("../../docs/identity.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");

test.each(examples)("the page's example is a configuration:\n%s", (text) => {
  const list = z.array(z.unknown());
  const entries = z
    .union([z.strictObject({ issuers: list }), z.strictObject({ saml_issuers: list })])
    .parse(parse(text));
  if ("issuers" in entries) expect(read(entries.issuers, "secret").problems).toEqual([]);
  else for (const entry of entries.saml_issuers) expect(samlIssuer.safeParse(entry).error).toBeUndefined();
});

test("a preset that fits many issuers needs the one that is meant", () => {
  const audience = "tollgate";
  expect(read([{ preset: "okta", audience }]).problems).toEqual([
    "issuers.0.issuer: expected the issuer's URL, which this preset can't know",
  ]);
  expect(read([{ preset: "google", audience }]).issuers[0]?.issuer).toBe("https://accounts.google.com");
});

test("two entries of one issuer are refused", () => {
  const entry = { issuer: "https://a.example", audience: "x" };
  expect(read([entry, entry]).problems).toEqual([
    "issuers.1.issuer: expected an issuer that no other entry has",
  ]);
});

test("opaque tokens of two issuers must be told apart", () => {
  const entry = (host: string, token_prefix?: string) => ({
    issuer: `https://${host}`,
    audience: "x",
    introspection: { client_id: "a", client_secret: "env:A", ...(token_prefix && { token_prefix }) },
  });
  const expected = "expected prefixes that tell the issuers' tokens apart";
  const at = "issuers.1.introspection.token_prefix";
  expect(read([entry("a"), entry("b")], "s").problems).toEqual([`${at}: ${expected}`]);
  expect(read([entry("a", "a_"), entry("b", "a_b")], "s").problems).toEqual([`${at}: ${expected}`]);
  expect(read([entry("a", "a_"), entry("b", "b_")], "s").problems).toEqual([]);
});

test("a secret that can't be followed is a problem of a gateway that serves", () => {
  const introspection = { client_id: "a", client_secret: "env:A" };
  expect(read([{ issuer: "https://a.example", audience: "x", introspection }]).problems).toEqual([
    "issuers.0.introspection.client_secret: expected a secret",
  ]);
});

test("a login whose tokens would be turned away is a problem", () => {
  const entry = (login: object, more = {}) => [
    { issuer: "https://a.example", audience: "x", login: { client_id: "cli", ...login }, ...more },
  ];
  const at = "issuers.0.login: expected";
  expect(read(entry({}, { audience: ["x", "cli"] })).problems).toEqual([]);
  expect(read(entry({ token: "access_token" })).problems).toEqual([]);
  expect(read(entry({ scope: "profile" }, { authorized_parties: ["other"] })).problems).toEqual([
    `${at} its client_id in audience, which ID tokens are for`,
    `${at} its client_id in authorized_parties`,
    `${at} openid in its scope, or no ID token comes`,
  ]);
});

test.each([
  "https://a.example/callback",
  "http://10.0.0.1/callback",
  "http://127.0.0.1",
  "http://127.0.0.1:0/",
])("a browser doesn't come back to %s", (uri) => {
  const entry = { issuer: "https://a.example", audience: "x", login: { client_id: "x", redirect_uri: uri } };
  expect(issuer.safeParse(entry).success).toBe(false);
});

test("an issuer of assertions has one source of keys, an entity id of its own, and RSA certificates", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-saml-"));
  writeFileSync(join(folder, "rsa.pem"), makeCertificate("Directory", "rsa").cert);
  writeFileSync(join(folder, "ec.pem"), makeCertificate("Directory").cert);
  const problems: string[] = [];
  const entry = { entity_id: "https://a.example", audience: "x", certificates: ["rsa.pem"] };
  const readSaml = (entries: readonly object[], others: readonly IssuerConfig[] = []) =>
    readSamlIssuers(
      entries.map((one) => samlIssuer.parse(one)),
      { folder, others, report: (at, expected) => problems.push(`${at.join(".")}: ${expected}`) },
    );
  const [found] = readSaml([entry]);
  expect(found).toMatchObject({ issuer: "https://a.example", subject_claim: "NameID" });
  expect(problems).toEqual([]);
  readSaml([entry, entry]);
  const taken = toIssuer(
    issuer.parse({
      issuer: "https://a.example",
      audience: "x",
      console: { client_id: "x", client_secret: "env:X" },
    }),
  );
  if (taken === null) throw new Error("It has an issuer.");
  readSaml([entry], [taken]);
  expect(problems.splice(0)).toEqual([
    "saml_issuers.1.entity_id: expected an entity id that no other issuer has",
    "saml_issuers.0.entity_id: expected an entity id that no other issuer has",
  ]);
  readSaml([{ ...entry, metadata_url: "https://a.example/metadata" }]);
  readSaml([{ ...entry, certificates: [] }]);
  readSaml([{ ...entry, certificates: ["ec.pem"] }]);
  readSaml([{ ...entry, certificates: [], metadata_file: "absent.xml" }]);
  expect(problems.splice(0)).toEqual([
    "saml_issuers.0: expected one of metadata_file, metadata_url and certificates",
    "saml_issuers.0: expected one of metadata_file, metadata_url and certificates",
    "saml_issuers.0.certificates.0: expected a certificate of an RSA key of at least 2048 bits",
    `saml_issuers.0.metadata_file: expected a file at ${join(folder, "absent.xml")}`,
  ]);
  const shown = { ...entry, sign_in_url: "https://a.example/sso", console: {} };
  expect(readSaml([shown])).toMatchObject([{ console: { name: "a.example" } }]);
  expect(problems).toEqual([]);
  readSaml([{ ...shown, sign_in_url: undefined }]);
  readSaml([{ ...shown, entity_id: "urn:example:a" }]);
  readSaml([{ ...shown, entity_id: "https://a.example/b" }], [taken]);
  expect(problems).toEqual([
    "saml_issuers.0.sign_in_url: expected where people sign in, which certificates don't tell",
    "saml_issuers.0.console.name: expected a name that no other issuer has in the console",
    "saml_issuers.0.console.name: expected a name that no other issuer has in the console",
  ]);
  rmSync(folder, { recursive: true });
});

test.each(["tollgate", "", "a b:c", "//example.com"])(
  "an entity id is a URI, which %j is not",
  (entity_id) => {
    expect(samlIssuer.safeParse({ entity_id, audience: "x" }).success).toBe(false);
  },
);
