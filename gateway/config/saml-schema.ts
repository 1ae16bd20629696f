// The schema of an issuer that speaks SAML 2.0: whose assertions are accepted, by which keys, and what of them counts.
import { z } from "zod";
import { samlConsole } from "./console-schema.ts";
import { oneOrMore } from "./fields.ts";
import { isLoopback, toHost } from "./loopback.ts";
import { issuer } from "./issuer-schema.ts";

/** As providers have them, with a query where they want one. */
function isProviderUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isSecure = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(toHost(url)));
  return isSecure && url.username === "" && url.password === "" && url.hash === "";
}

const providerUrl = z
  .string()
  .refine(isProviderUrl, { error: "expected an https URL without user or fragment" })
  .optional();

const attributeName = z.string().min(1).max(256);

/** One entry of `saml_issuers`. */
export const samlIssuer = issuer
  .pick({
    group_map: true,
    group_rules: true,
    claims: true,
    kind: true,
    kind_by: true,
    tenant: true,
    tenant_by: true,
    clock_skew_s: true,
  })
  .extend({
    entity_id: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]{1,1000}$/, {
        error: "expected an entity id, which is a URI",
      })
      .meta({ description: "The `Issuer` of its assertions, exactly." }),
    metadata_file: z.string().min(1).optional().meta({
      description: "The file of its metadata, which has its certificates and its sign-in URL.",
    }),
    metadata_url: providerUrl.meta({
      description: "Where its metadata is fetched from, once an hour; in place of the file.",
    }),
    certificates: z.array(z.string().min(1)).max(8).default([]).meta({
      description: "Files of its signing certificates, in PEM; in place of metadata.",
    }),
    sign_in_url: providerUrl.meta({
      description: "Where its sign-in by redirect is; known from metadata.",
    }),
    audience: oneOrMore("expected a text or a list of texts").meta({
      description: "Accepted audiences, one or a list. The first is the gateway's own entity id.",
    }),
    subject_attribute: attributeName.default("NameID").meta({
      description: "The attribute that names the caller. `NameID`: the assertion's name id.",
    }),
    groups_attribute: attributeName
      .default("groups")
      .meta({ description: "The attribute that lists groups, by its `Name`." }),
    console: samlConsole,
  });
