// The page of who may call: service accounts, tokens, and who is signed in here; for admins with their ends.
import type { Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import { endConsoleSessions, listConsoleSessions, toActor } from "../../db/queries/console-sessions.ts";
import { isUuid } from "../../db/queries/exchange-filter.ts";
import { listServiceAccounts, toAccountStatus } from "../../db/queries/list-service-accounts.ts";
import { revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { listTokens, revokeTokenAs } from "../../db/queries/tokens.ts";
import type { Door } from "./door.ts";
import { toButton, toPage, toTable, toText, toWhen } from "./layout.ts";
import type { Html } from "./layout.ts";
import type { Person } from "./people.ts";

const PATH = "/console/callers";

/** Adds the page and what it does. */
export function addCallers(app: Hono, { db, door }: { readonly db: Database; readonly door: Door }): void {
  app.get(
    PATH,
    door.page("callers.see", async (_c, person) => {
      const body = await Promise.all([showAccounts(person), showTokens(person), showSessions(person)]);
      return toPage(person, PATH, "Callers", html`${body}`);
    }),
  );

  async function showAccounts(person: Person): Promise<Html> {
    const rows = (await listServiceAccounts(db)).map((account) => {
      const newest = account.keys.at(-1);
      const status = toAccountStatus(account);
      return [
        html`<strong>${account.name}</strong>`,
        toText(account.groups.join(", ")),
        html`<span class="${status === "active" ? "good" : "soft"}">${status}</span>`,
        html`<span class="id">${newest?.hint ?? ""}</span>`,
        toWhen(newest?.expiresAt ?? null),
        toText(account.createdBy),
        status === "revoked" ? html`` : toEnd(person, `accounts/${account.id}`, `Withdraw ${account.name}`),
      ];
    });
    const headings = ["Name", "Groups", "Status", "Key", "Expires (UTC)", "Made by", ""];
    return html`<h2>Service accounts</h2>
      ${toTable(headings, rows, "There are no service accounts.")}`;
  }

  async function showTokens(person: Person): Promise<Html> {
    const rows = (await listTokens(db, {})).map((token) => [
      html`<strong>${token.subject}</strong>`,
      toText(token.issuer),
      toText(token.actsFor),
      toText(token.use),
      toWhen(token.issuedAt),
      toWhen(token.expiresAt),
      toEnd(person, `tokens/${token.id}`, "Withdraw this token"),
    ]);
    const headings = ["Subject", "Issuer", "Acts for", "Use", "Issued (UTC)", "Expires (UTC)", ""];
    return html`<h2>Short-lived tokens</h2>
      ${toTable(headings, rows, "There are no tokens.")}`;
  }

  async function showSessions(person: Person): Promise<Html> {
    const rows = (await listConsoleSessions(db)).map((session) => [
      html`<strong>${session.subject}</strong>`,
      toText(session.issuer),
      toText(session.role ?? session.groups.join(", ")),
      toWhen(session.startedAt),
      toWhen(session.seenAt),
      toEnd(person, `sessions/${session.id}`, "End this session"),
    ]);
    const headings = ["Subject", "Issuer", "Groups or role", "Signed in (UTC)", "Last use (UTC)", ""];
    return html`<h2>Signed in to the console</h2>
      ${toTable(headings, rows, "Nobody is signed in.")}`;
  }

  addEnd("accounts", async (id, by) => (await revokeServiceAccount(db, id, by)) !== null);
  addEnd("tokens", async (id, by) => revokeTokenAs(db, id, by));
  addEnd("sessions", async (id, by) => (await endConsoleSessions(db, { id }, by)) > 0);

  function addEnd(kind: string, run: (id: string, by: string) => Promise<boolean>): void {
    app.post(
      `${PATH}/${kind}/:id/end`,
      door.action("callers.end", async (c, { session }) => {
        const id = c.req.param("id") ?? "";
        return isUuid(id) && (await run(id, toActor(session))) ? PATH : null;
      }),
    );
  }
}

function toEnd(person: Person, what: string, warning: string): Html {
  if (!person.rights.has("callers.end")) return html``;
  const label = what.startsWith("sessions/") ? "End" : "Withdraw";
  return toButton(person, `${PATH}/${what}/end`, label, warning);
}
