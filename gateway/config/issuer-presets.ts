// What well-known issuers have in common with themselves wherever they run; each set-up stands in docs/identity.md.

/** What a preset gives where the entry itself says nothing. */
export type Preset = {
  readonly issuer?: string;
  readonly kind?: "human" | "service" | "ci";
  readonly subject_claim?: string;
  readonly groups_claim?: string;
  readonly claims?: readonly string[];
  readonly kind_by?: { readonly claim: string; readonly map: { readonly [value: string]: "service" } };
  readonly initiator_by?: { readonly claim: string; readonly map: { readonly [value: string]: "schedule" } };
};

/** The names of the presets. */
export const PRESET_NAMES = [
  "entra-id",
  "github-actions",
  "gitlab-ci",
  "google",
  "keycloak",
  "kubernetes",
  "okta",
] as const;

/** The presets by name. Sources: the vendors' pages on the claims of their tokens. */
export const PRESETS: { readonly [name in (typeof PRESET_NAMES)[number]]: Preset } = {
  // https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference: `oid` names a person in all
  // applications, `sub` in one; `idtyp` says `app` where no person stands behind the token.
  "entra-id": {
    subject_claim: "oid",
    kind_by: { claim: "idtyp", map: { app: "service" } },
  },
  // https://docs.github.com/actions/reference/security/oidc
  "github-actions": {
    issuer: "https://token.actions.githubusercontent.com",
    kind: "ci",
    groups_claim: "repository",
    // Of other events it is not told whether a person or a program caused them.
    initiator_by: { claim: "event_name", map: { schedule: "schedule" } },
    claims: [
      "repository",
      "repository_owner",
      "ref",
      "event_name",
      "environment",
      "job_workflow_ref",
      "actor",
    ],
  },
  // https://docs.gitlab.com/ci/secrets/id_token_authentication/
  "gitlab-ci": {
    issuer: "https://gitlab.com",
    kind: "ci",
    groups_claim: "project_path",
    initiator_by: { claim: "pipeline_source", map: { schedule: "schedule" } },
    claims: [
      "project_path",
      "namespace_path",
      "ref",
      "ref_type",
      "ref_protected",
      "environment",
      "user_login",
    ],
  },
  // https://developers.google.com/identity/openid-connect/openid-connect: no groups; `hd` is the organisation's domain.
  google: { issuer: "https://accounts.google.com", groups_claim: "hd" },
  // https://www.keycloak.org/docs/latest/server_admin/: realm roles.
  keycloak: { groups_claim: "/realm_access/roles" },
  // https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
  kubernetes: {
    kind: "service",
    groups_claim: "/kubernetes.io/namespace",
    claims: ["/kubernetes.io/namespace", "/kubernetes.io/serviceaccount/name"],
  },
  // https://developer.okta.com/docs/reference/api/oidc/
  okta: {},
};
