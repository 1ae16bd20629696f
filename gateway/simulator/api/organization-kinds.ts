// The collections of administration that are nothing but stored objects.
import type { JsonObject } from "../../exchange.ts";
import type { Kind, Verb } from "../collection.ts";

const NO_UPDATE: readonly Verb[] = ["create", "list", "retrieve", "delete"];
const NO_CREATE: readonly Verb[] = ["list", "retrieve", "update", "delete"];
const NEXT = { next: "next" };

const OWNER: JsonObject = {
  id: "user-simulated",
  object: "organization.user",
  name: "Simulated Owner",
  email: ["owner", "example.com"].join("@"),
  role: "owner",
  added_at: 1_700_000_000,
};

/** Roles that are given to somebody or to a group; the id is the role's. */
function assigned(path: string, object: string): Kind {
  return {
    path,
    prefix: "role_",
    object,
    verbs: NO_UPDATE,
    title: "Role assignment",
    required: ["role_id"],
    idField: "role_id",
    createdField: null,
    deletedObject: `${object}.deleted`,
    page: NEXT,
  };
}

function spendAlerts(path: string, object: string): Kind {
  return {
    path,
    prefix: "alert_",
    object,
    createdField: null,
    required: ["threshold_amount", "currency", "interval", "notification_channel"],
  };
}

function roles(path: string): Kind {
  return {
    path,
    prefix: "role_",
    object: "role",
    createdField: null,
    page: NEXT,
    make: (body) => ({
      name: body["role_name"] ?? body["name"] ?? "",
      description: body["description"] ?? null,
      permissions: body["permissions"] ?? [],
      resource_type: "api.organization",
      predefined_role: false,
    }),
  };
}

/** The collections below `/v1/organization` and `/v1/projects`, a parent before its children. */
export const ORGANIZATION_KINDS: readonly Kind[] = [
  {
    path: "/organization/admin_api_keys",
    prefix: "key_",
    object: "organization.admin_api_key",
    verbs: NO_UPDATE,
    required: ["name"],
    make: (body, _call, id) => ({
      name: body["name"] ?? "",
      redacted_value: "sk-admin...simulated",
      value: `sk-admin-${id}`,
      expires_at: null,
      last_used_at: null,
      owner: { type: "user", object: "organization.user", id: "user-simulated", name: "Simulated Owner" },
    }),
  },
  { path: "/organization/audit_logs", prefix: "audit_log-", object: null, verbs: ["list"] },
  {
    path: "/organization/certificates",
    prefix: "cert_",
    object: "certificate",
    deletedObject: "certificate.deleted",
    make: (body) => ({
      name: body["name"] ?? null,
      active: false,
      certificate_details: { valid_at: 1_700_000_000, expires_at: 2_000_000_000 },
    }),
  },
  { path: "/organization/external_keys", prefix: "extkey_", object: "external_key", verbs: NO_UPDATE },
  {
    path: "/organization/external_storage",
    prefix: "extstore_",
    object: "external_storage",
    verbs: NO_UPDATE,
  },
  {
    path: "/organization/groups",
    prefix: "group_",
    object: null,
    required: ["name"],
    defaults: { is_scim_managed: false, group_type: "group" },
    deletedObject: "group.deleted",
    title: "Group",
    page: NEXT,
  },
  assigned("/organization/groups/{group}/roles", "group.role"),
  {
    path: "/organization/groups/{group}/users",
    prefix: "user-",
    object: "group.user",
    verbs: NO_UPDATE,
    required: ["user_id"],
    idField: "user_id",
    createdField: null,
    page: NEXT,
  },
  {
    path: "/organization/invites",
    prefix: "invite-",
    object: "organization.invite",
    verbs: NO_UPDATE,
    required: ["email", "role"],
    defaults: { status: "pending", expires_at: null, accepted_at: null, projects: [] },
  },
  {
    path: "/organization/projects",
    prefix: "proj_",
    object: "organization.project",
    verbs: ["create", "list", "retrieve", "update"],
    required: ["name"],
    defaults: { status: "active", archived_at: null },
    actions: { archive: (project) => ({ status: "archived", archived_at: project["created_at"] ?? null }) },
  },
  {
    path: "/organization/projects/{project}/api_keys",
    prefix: "key_",
    object: "organization.project.api_key",
    verbs: NO_CREATE,
  },
  {
    path: "/organization/projects/{project}/certificates",
    prefix: "cert_",
    object: "certificate",
    verbs: ["list"],
  },
  {
    path: "/organization/projects/{project}/groups",
    prefix: "group_",
    object: "project.group",
    verbs: NO_UPDATE,
    required: ["group_id"],
    idField: "group_id",
    page: NEXT,
    make: (body, call) => ({
      project_id: call.params["project"] ?? "",
      group_id: body["group_id"] ?? "",
      group_name: "Simulated group",
      group_type: "group",
    }),
  },
  {
    path: "/organization/projects/{project}/service_accounts",
    prefix: "svc_acct_",
    object: "organization.project.service_account",
    required: ["name"],
    make: (body, _call, id) => ({
      name: body["name"] ?? "",
      role: "member",
      api_key: {
        object: "organization.project.service_account.api_key",
        value: `sk-${id}`,
        name: "Secret Key",
        id,
        created_at: 1_700_000_000,
      },
    }),
  },
  {
    path: "/organization/projects/{project}/service_accounts/{service_account}/api_keys",
    prefix: "key_",
    object: "organization.project.service_account.api_key",
    verbs: ["create"],
    make: (body, _call, id) => ({ name: body["name"] ?? "Secret Key", value: `sk-${id}` }),
  },
  spendAlerts("/organization/projects/{project}/spend_alerts", "project.spend_alert"),
  {
    path: "/organization/projects/{project}/users",
    prefix: "user-",
    object: "organization.project.user",
    required: ["role"],
    idField: "user_id",
    createdField: "added_at",
    defaults: { name: "Simulated User", email: ["user", "example.com"].join("@") },
  },
  roles("/organization/roles"),
  spendAlerts("/organization/spend_alerts", "organization.spend_alert"),
  {
    path: "/organization/users",
    prefix: "user-",
    object: "organization.user",
    verbs: NO_CREATE,
    seed: [OWNER],
  },
  assigned("/organization/users/{user}/roles", "user.role"),
  {
    path: "/organization/workload_identity_providers",
    prefix: "wip_",
    object: "organization.workload_identity_provider",
  },
  {
    path: "/organization/workload_identity_providers/{provider}/federation_rules",
    prefix: "wifr_",
    object: "organization.workload_identity_federation_rule",
  },
  assigned("/projects/{project}/groups/{group}/roles", "group.role"),
  roles("/projects/{project}/roles"),
  assigned("/projects/{project}/users/{user}/roles", "user.role"),
];
