// The first page: who am I, what may I do, and how is the gateway?
import type { Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import { listHealth } from "../../db/queries/connection-health.ts";
import { listExchanges } from "../../db/queries/exchanges.ts";
import type { Door } from "./door.ts";
import { toPage, toWhen } from "./layout.ts";
import { RIGHTS } from "./roles.ts";

/** Adds the page. */
export function addHome(
  app: Hono,
  deps: { readonly db: Database; readonly door: Door; readonly version: string },
) {
  const { db, door, version } = deps;
  app.get(
    "/console",
    door.home(async (_c, person) => {
      const { session, roles, rights } = person;
      const [last, health] = await Promise.all([listExchanges(db, {}, { limit: 1 }), listHealth(db)]);
      const failing = health.filter(({ failures }) => failures > 0).map(({ connection }) => connection);
      const [decision] = last.rows;
      const body = html`<section class="sheet" aria-label="You">
          <dl>
            <dt>You are</dt>
            <dd>${session.subject}</dd>
            <dt>of</dt>
            <dd>${session.issuer}, tenant ${session.tenant}</dd>
            <dt>Roles</dt>
            <dd>${roles.join(", ")}</dd>
            <dt>Groups</dt>
            <dd>${session.groups.join(", ") || "none"}</dd>
            <dt>Signed in</dt>
            <dd>${toWhen(session.startedAt)} UTC, until ${toWhen(session.expiresAt)} at most</dd>
          </dl>
        </section>
        <h2>What you may do</h2>
        <ul>
          ${[...rights].map((right) => html`<li>${RIGHTS[right]}</li>`)}
        </ul>
        <h2>The gateway</h2>
        <section class="sheet" aria-label="The gateway">
          <dl>
            <dt>Version</dt>
            <dd>${version}</dd>
            <dt>Database</dt>
            <dd class="good">answers</dd>
            <dt>Last exchange</dt>
            <dd>${decision === undefined ? "none yet" : html`${toWhen(decision.at)} UTC`}</dd>
            <dt>Policy then</dt>
            <dd class="id">${decision?.revision ?? "none"}</dd>
            <dt>Connections</dt>
            <dd class="${failing.length === 0 ? "good" : "bad"}">
              ${failing.length === 0 ? "none fails" : `failing: ${failing.join(", ")}`}
            </dd>
          </dl>
        </section>`;
      return toPage(person, "/console", "Home", body);
    }),
  );
}
