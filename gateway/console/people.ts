// Who is signed in: from what a browser holds to a person with rights, asked of the database at each request.
import { hash } from "node:crypto";
import type { Database } from "../../db/client.ts";
import {
  beginConsoleSession,
  beginLinkedSession,
  findConsoleSession,
} from "../../db/queries/console-sessions.ts";
import type { ConsoleSession } from "../../db/queries/console-sessions.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import type { Config } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { createSessionText, hashKey, isSessionText } from "../identity/key-format.ts";
import type { SignedIn } from "../identity/sign-in.ts";
import { toEnds } from "../identity/subject-id.ts";
import { newId } from "../new-id.ts";
import { toRights, toRoles } from "./roles.ts";
import type { Right, Role } from "./roles.ts";

/** The issuer of who came by a one-time link: no issuer has such a name, nor has the gateway. */
const LINK_ISSUER = "console-link";

/** A person who is signed in. */
export type Person = {
  readonly session: ConsoleSession;
  readonly roles: readonly Role[];
  readonly rights: ReadonlySet<Right>;
  /** What forms of the session carry, so that no other site can send them. */
  readonly csrf: string;
};

/** Signs people in, and knows them again. */
export type People = {
  /** Gives who holds this; null where it counts for nobody. */
  find(held: string | undefined): Promise<Person | null>;
  /**
   * Begins a session in the place of the browser's former one, which is named by its hash; gives what the browser is to hold.
   * Throws `token_invalid`, `token_expired` or `token_revoked`.
   */
  signIn(signedIn: SignedIn, former: Buffer | null): Promise<string>;
  /** Does the same by a one-time link; null where it doesn't count. */
  useLink(link: string, former: Buffer | null): Promise<string | null>;
};

/** Makes it. `hasIssuers`: links are off, and whoever came by one is out. */
export function createPeople(deps: {
  readonly db: Database;
  readonly settings: Config["console"];
  readonly homeTenant: string;
  readonly hasIssuers: boolean;
}): People {
  const { db, settings, homeTenant, hasIssuers } = deps;

  function begin(tenant: string, issuer: string, endsAt: number | null) {
    const text = createSessionText();
    const ends = { lifeSeconds: settings.session_s, until: endsAt === null ? null : new Date(endsAt) };
    return { text, row: { id: newId(), hash: hashKey(text), tenant, issuer, ...ends } };
  }

  return {
    async find(held) {
      if (held === undefined || !isSessionText(held)) return null;
      const session = await findConsoleSession(db, hashKey(held), settings.idle_s);
      if (session === null || (hasIssuers && session.role !== null)) return null;
      if (await isRevoked(db, toEnds(session, [session.id]))) return null;
      const roles = toRoles(session, settings, homeTenant);
      const csrf = hash("sha256", `csrf\0${held}`, "base64url");
      return { session, roles, rights: toRights(roles), csrf };
    },
    async signIn({ caller, issuerSubject, issuerSession, endsAt }, former) {
      const { tenant, issuer, subject, groups } = caller;
      if (caller.kind !== "human")
        throw new GatewayError("token_invalid", "The console is for people; this is no person's account.");
      if (endsAt !== null && endsAt <= Date.now())
        throw new GatewayError("token_expired", "Your session at the issuer is over; sign in there anew.");
      if (await isRevoked(db, toEnds(caller, [])))
        throw new GatewayError("token_revoked", "This account was revoked.");
      const { text, row } = begin(tenant, issuer, endsAt);
      const session = { ...row, subject, issuerSubject, issuerSession, groups: [...groups] };
      await beginConsoleSession(db, session, former);
      return text;
    },
    async useLink(link, former) {
      if (hasIssuers) return null;
      const { text, row } = begin(homeTenant, LINK_ISSUER, null);
      const role = await beginLinkedSession(db, hashKey(link), row, former);
      return role === null ? null : text;
    },
  };
}

/** Gives the hash of what a browser holds of its session; null where it holds none. */
export function toSessionHash(held: string | undefined): Buffer | null {
  return held !== undefined && isSessionText(held) ? hashKey(held) : null;
}
