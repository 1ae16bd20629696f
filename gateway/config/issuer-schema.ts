// The schema of an issuer: how its tokens are checked, and what of them counts.
import { z } from "zod";
import { consoleClient } from "./console-schema.ts";
import { INITIATORS } from "../exchange.ts";
import { oneOrMore, secretReference, trustedUrl } from "./fields.ts";
import { PRESET_NAMES } from "./issuer-presets.ts";

/** Signature algorithms that an issuer may be allowed: asymmetric ones only. */
const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

const claimName = z.string().min(1).max(256);
const groups = oneOrMore("expected a group or a list of groups");
const kind = z.enum(["human", "service", "ci", "agent"]);
const tenant = z.string().min(1).max(64);

const introspection = z
  .strictObject({
    endpoint: trustedUrl.optional().meta({ description: "Where it is; found by discovery where absent." }),
    client_id: z.string().min(1).max(256).meta({ description: "The gateway's own client at the issuer." }),
    client_secret: secretReference.meta({ description: "That client's secret." }),
    token_prefix: z
      .string()
      .regex(/^[\x21-\x7e]{1,32}$/, { error: "expected at most 32 visible ASCII characters" })
      .optional()
      .meta({
        description:
          "What its tokens begin with. Required where several issuers have introspection: no token is shown to an issuer that it isn't of.",
      }),
    cache_s: z.int().min(1).max(60).default(60).meta({
      description: "How long an answer counts; so long a token that the issuer withdrew still works.",
    }),
  })
  .optional()
  .meta({
    description:
      "Asks the issuer about tokens that are no JWTs (RFC 7662). The answer's claims count as a JWT's do.",
  });

const login = z
  .strictObject({
    client_id: z
      .string()
      .min(1)
      .max(256)
      .meta({ description: "A public client at the issuer: without a secret, with PKCE." }),
    scope: z.string().min(1).max(1024).default("openid").meta({
      description: "The scopes to ask the issuer for, `openid` among them.",
    }),
    resource: z.url().optional().meta({
      description: "The resource to ask a token for (RFC 8707), where the issuer wants that.",
    }),
    token: z.enum(["id_token", "access_token"]).default("id_token").meta({
      description:
        "Which of the issuer's tokens is shown to the gateway. An ID token is for the client: `audience` has to list `client_id` then.",
    }),
    redirect_uri: z
      .string()
      .regex(/^http:\/\/(?:127\.0\.0\.1|localhost)(?::[1-9]\d{0,4})?\/[\w./-]*$/, {
        error: "expected a URL such as http://127.0.0.1/callback",
      })
      .default("http://127.0.0.1/callback")
      .meta({
        description:
          "Where the browser comes back to, on the machine of who signs in (RFC 8252). Without a port any is used, which most issuers allow.",
      }),
  })
  .optional()
  .meta({
    description:
      "Lets people sign in with `tollgate login`. All of it is public: the gateway tells it to whoever asks.",
  });

/** One entry of `issuers`. What a preset gives has no default here. */
export const issuer = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().meta({
    description:
      "Takes what a well-known issuer has: its `issuer` where there is only one, its claims, its kind. Keys that are given win.",
  }),
  issuer: trustedUrl
    .optional()
    .meta({ description: "The `iss` of its tokens, exactly. Required, unless the preset has it." }),
  audience: oneOrMore("expected a text or a list of texts").meta({
    description: "Accepted `aud`, one or a list.",
  }),
  authorized_parties: z.array(z.string().min(1)).max(256).default([]).meta({
    description:
      "The clients whose tokens are accepted, by `azp`, `client_id` or `appid`. Empty: any client of the issuer that gets a token for the audience.",
  }),
  algorithms: z.array(z.enum(SIGNATURE_ALGORITHMS)).min(1).optional().meta({
    description:
      "Accepted signature algorithms; everything else is refused. Absent: `RS256`, `ES256`, `EdDSA`.",
  }),
  jwks_uri: trustedUrl
    .optional()
    .meta({ description: "Where its keys are; found by OpenID discovery where absent." }),
  introspection,
  console: consoleClient,
  login,
  subject_claim: claimName
    .optional()
    .meta({ description: "The claim that names the caller. Absent: `sub`." }),
  groups_claim: claimName.optional().meta({
    description:
      "The claim that lists groups: a name, or an RFC 6901 pointer such as `/realm_access/roles`. Absent: `groups`.",
  }),
  group_map: z.record(z.string().min(1), groups).default({}).meta({
    description:
      "From the issuer's group to groups of the policy. A group that isn't listed counts for nothing.",
  }),
  group_rules: z
    .array(
      z.strictObject({
        when: z
          .record(claimName, oneOrMore("expected a text or a list of texts"))
          .refine((claims) => Object.keys(claims).length > 0, { error: "expected at least one claim" })
          .meta({
            description:
              "Claims, by name or pointer, with the values that they may have. A `*` at the end stands for anything.",
          }),
        groups: groups.meta({ description: "The groups of the policy that it gives." }),
      }),
    )
    .max(256)
    .default([])
    .meta({
      description: "Groups for tokens whose claims all fit, for instance of one repository and branch.",
    }),
  group_overage: z.enum(["refuse", "ignore", "userinfo"]).default("refuse").meta({
    description:
      "What becomes of a token that says that its groups did not fit into it: `refuse`, `ignore` (it has none), or `userinfo` (they are asked for with the token at the issuer's userinfo endpoint).",
  }),
  claims: z
    .array(
      z.union(
        [
          claimName,
          z.strictObject({
            claim: claimName.meta({ description: "The claim, by name or pointer." }),
            name: z.string().min(1).max(64).optional().meta({ description: "Its name in policy." }),
            type: z
              .enum(["string", "number", "boolean", "strings"])
              .optional()
              .meta({ description: "What it must be; a token with anything else is refused." }),
          }),
        ],
        { error: "expected a claim's name, or { claim, name, type }" },
      ),
    )
    .max(32)
    .optional()
    .meta({
      description:
        "Further claims that policy sees as `input.caller.claims`; they are recorded. Each a name, a pointer, or `{ claim, name, type }`.",
    }),
  kind: kind.optional().meta({ description: "What kind of callers its tokens stand for. Absent: `human`." }),
  kind_by: z
    .strictObject({ claim: claimName, map: z.record(z.string().min(1), kind) })
    .optional()
    .meta({ description: "Tells kinds apart by a claim's value; others have `kind`." }),
  initiator_by: z
    .strictObject({ claim: claimName, map: z.record(z.string().min(1), z.enum(INITIATORS)) })
    .optional()
    .meta({
      description:
        "Tells by a claim's value who or what began it, which policy sees as `input.caller.initiator`; of other values a person began it where the kind is `human`, else a service or an agent.",
    }),
  tenant: tenant.default("default").meta({ description: "The tenant of its callers." }),
  tenant_by: z
    .strictObject({ claim: claimName, map: z.record(z.string().min(1), tenant) })
    .optional()
    .meta({ description: "Tells tenants apart by a claim's value; a token with any other is refused." }),
  clock_skew_s: z.int().min(0).max(300).default(30).meta({ description: "Tolerance for `exp` and `nbf`." }),
});
