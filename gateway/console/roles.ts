// The roles of the console: which groups have them, and what each may do.
import type { ConsoleSession } from "../../db/queries/console-sessions.ts";
import type { Config } from "../config/config.ts";

/** Every role, the most powerful first. */
export const ROLES = ["admin", "policy_editor", "reviewer", "auditor", "member"] as const;
export type Role = (typeof ROLES)[number];

/** What each right lets one do, as the console says it. */
export const RIGHTS = {
  "exchanges.own": "See your own exchanges.",
  "exchanges.all": "See everybody's exchanges.",
  "connections.see": "See the connections, and how they answer.",
  "connections.switch": "Disable and enable connections.",
  "callers.see": "See service accounts, tokens, and who is signed in.",
  "callers.end": "Withdraw service accounts and tokens, and end sessions.",
  "actions.see": "See what was changed here, and by whom.",
} as const;
export type Right = keyof typeof RIGHTS;

const HELD: Readonly<Record<Role, readonly Right[]>> = {
  admin: [
    "exchanges.own",
    "exchanges.all",
    "connections.see",
    "connections.switch",
    "callers.see",
    "callers.end",
    "actions.see",
  ],
  policy_editor: ["exchanges.own", "connections.see"],
  reviewer: ["exchanges.own", "exchanges.all"],
  auditor: ["exchanges.own", "exchanges.all", "connections.see", "callers.see", "actions.see"],
  member: ["exchanges.own"],
};

/** Gives the rights that any of the roles has. */
export function toRights(roles: readonly Role[]): ReadonlySet<Right> {
  return new Set(roles.flatMap((role) => HELD[role]));
}

/**
 * Gives a session's roles: that of its one-time link, else those of its groups. The gateway as a whole is its own tenant's
 * business, so people of another one are members at most.
 */
export function toRoles(
  session: Pick<ConsoleSession, "tenant" | "groups" | "role">,
  settings: Pick<Config["console"], "roles">,
  homeTenant: string,
): readonly Role[] {
  if (session.role !== null) return ROLES.filter((role) => role === session.role);
  return ROLES.filter((role) => {
    const groups = settings.roles[role] ?? [];
    const isMapped = [groups].flat().some((group) => session.groups.includes(group));
    return isMapped && (role === "member" || session.tenant === homeTenant);
  });
}
