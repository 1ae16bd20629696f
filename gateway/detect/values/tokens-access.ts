// Tokens of those who keep secrets, know users and describe infrastructure.
import { GITLEAKS, NOSEYPARKER } from "./sources.ts";
import type { TokenRow } from "./table.ts";

/** The rows of secret managers, identity and infrastructure as code. */
export const ACCESS_TOKENS: readonly TokenRow[] = [
  {
    id: "tollgate_key",
    title: "Tollgate key",
    shapes: ["tg_[0-9A-Za-z]{39}"],
    entropy: 3.5,
    source: "gateway/identity/key-format.ts",
  },
  {
    id: "rfc8959_token",
    title: "Token with the secret-token scheme of RFC 8959",
    shapes: ["secret-token:[\\w.~%-]{16,200}"],
    entropy: 3.3,
    source: "https://www.rfc-editor.org/rfc/rfc8959",
  },
  {
    id: "jwt_base64",
    title: "JSON Web Token in base64",
    shapes: ["ZXlK[\\w+/-]{60,2000}={0,2}"],
    entropy: 4,
    right: "any",
    source: GITLEAKS,
  },
  {
    id: "paseto_token",
    title: "PASETO",
    shapes: ["v[1-4]\\.public\\.[\\w-]{80,1900}", "v[1-4]\\.local\\.[\\w-]{80,1900}"],
    entropy: 3.7,
    source: "https://github.com/paseto-standard/paseto-spec",
  },
  {
    id: "onepassword_token",
    title: "1Password service account token or secret key",
    shapes: [
      "ops_ey[A-Za-z0-9+/]{100,1900}={0,3}",
      "A3-[A-Z0-9]{6}-[A-Z0-9]{11}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
      "A3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    ],
    entropy: 3.5,
    source: GITLEAKS,
  },
  {
    id: "age_key",
    title: "age identity",
    shapes: ["AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-PLUGIN-[A-Z0-9]{2,20}-1[0-9A-Z]{40,200}"],
    left: "any",
    source: GITLEAKS,
  },
  {
    id: "vault_token",
    title: "HashiCorp Vault token",
    shapes: ["hvs\\.[\\w-]{24,300}", "hvb\\.[\\w-]{100,500}", "hvr\\.[\\w-]{24,300}"],
    entropy: 3.5,
    source: GITLEAKS,
  },
  {
    id: "terraform_token",
    title: "HCP Terraform token",
    shapes: ["[A-Za-z0-9]{14}\\.atlasv1\\.[\\w=-]{60,80}"],
    entropy: 3.5,
    source: GITLEAKS,
  },
  {
    id: "pulumi_token",
    title: "Pulumi access token",
    shapes: ["pul-[0-9a-f]{40}"],
    entropy: 2.5,
    source: GITLEAKS,
  },
  {
    id: "doppler_token",
    title: "Doppler token",
    shapes: [
      "dp\\.st\\.[\\w-]{2,35}\\.[A-Za-z0-9]{40,44}",
      ...["pt", "st", "ct", "sa", "scim", "audit"].map((kind) => `dp\\.${kind}\\.[A-Za-z0-9]{40,44}`),
    ],
    entropy: 3,
    source: NOSEYPARKER,
  },
  {
    id: "infisical_token",
    title: "Infisical service token",
    shapes: ["st\\.[0-9a-f-]{24,36}\\.[0-9a-f]{32}\\.[0-9a-f]{32}"],
    entropy: 3,
    source: "https://infisical.com/docs/documentation/platform/token",
  },
  {
    id: "okta_token",
    title: "Okta API token in its header",
    shapes: ["SSWS 00[\\w-]{40}"],
    entropy: 3.5,
    source: GITLEAKS,
  },
  {
    id: "stytch_secret",
    title: "Stytch secret",
    shapes: ["secret-live-[\\w-]{30,44}={0,2}", "secret-test-[\\w-]{30,44}={0,2}"],
    entropy: 3.5,
    source: "https://stytch.com/docs/api/authentication",
  },
  {
    id: "workos_key",
    title: "WorkOS API key",
    shapes: ["sk_live_a2V5[A-Za-z0-9+/]{30,120}={0,2}", "sk_test_a2V5[A-Za-z0-9+/]{30,120}={0,2}"],
    entropy: 3.5,
    source: "https://workos.com/docs/reference/api-keys",
  },
  {
    id: "authress_key",
    title: "Authress service client key",
    shapes: ["sc", "ext", "scauth", "authress"].map(
      (kind) =>
        `${kind}_[A-Za-z0-9]{5,30}\\.[A-Za-z0-9]{4,6}\\.acc[_-][A-Za-z0-9-]{10,32}\\.[\\w+/=-]{30,120}`,
    ),
    entropy: 3,
    source: GITLEAKS,
  },
  {
    id: "ory_token",
    title: "Ory token",
    shapes: [
      "ory_pat_[A-Za-z0-9]{32}",
      "ory_wks_[A-Za-z0-9]{32}",
      "ory_st_[A-Za-z0-9]{32}",
      "ory_at_[\\w-]{40,90}\\.[\\w-]{40,90}",
      "ory_rt_[\\w-]{40,90}\\.[\\w-]{40,90}",
      "ory_ac_[\\w-]{40,90}\\.[\\w-]{40,90}",
    ],
    entropy: 3.5,
    source: "https://www.ory.sh/docs/concepts/personal-access-token",
  },
  {
    id: "unkey_key",
    title: "Unkey root key",
    shapes: ["unkey_[A-Za-z0-9]{20,60}"],
    entropy: 3.5,
    source: "https://www.unkey.com/docs/security/root-keys",
  },
  {
    id: "permitio_key",
    title: "Permit.io API key",
    shapes: ["permit_key_[A-Za-z0-9]{60,110}"],
    entropy: 3.5,
    source: "https://docs.permit.io/overview/use-the-permit-api-key-as-auth/",
  },
  {
    id: "adobe_secret",
    title: "Adobe client secret",
    shapes: ["p8e-[A-Za-z0-9-]{32}"],
    entropy: 3,
    source: NOSEYPARKER,
  },
];
