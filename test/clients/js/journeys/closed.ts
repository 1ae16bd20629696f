// What the gateway does not do as the provider does: the one list of it, each with the error that it answers instead.
/** Operations that are refused for good: their answers hold credentials of the provider's. */
export const WITHHELD: Readonly<Record<string, string>> = {
  "admin.organization.admin_api_keys.create": "credential_withheld",
  "admin.organization.projects.service_accounts.create": "credential_withheld",
  "admin.organization.projects.service_accounts.api_keys.create": "credential_withheld",
  "chatkit.sessions.create": "credential_withheld",
  "webhooks.create": "credential_withheld",
  "webhooks.rotate_secret": "credential_withheld",
};

/** Operations that are not open yet, each with the error that says so: none. */
export const PENDING: Readonly<Record<string, string>> = {};
