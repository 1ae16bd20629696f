// The page of what was changed in the gateway, and by whom.
import type { Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import { listActions } from "../../db/queries/admin-actions.ts";
import type { Door } from "./door.ts";
import { toPage, toTable, toText, toWhen } from "./layout.ts";

const LIMIT = 100;

/** Adds the page. */
export function addActions(app: Hono, { db, door }: { readonly db: Database; readonly door: Door }): void {
  app.get(
    "/console/actions",
    door.page("actions.see", async (c, person) => {
      const asked = c.req.query("before") ?? "";
      const before = /^\d{1,15}$/.test(asked) ? Number(asked) : undefined;
      const rows = await listActions(db, { before }, LIMIT);
      const table = toTable(
        ["Time (UTC)", "Who", "What", "On", "Details"],
        rows.map((row) => [
          toWhen(row.at),
          toText(row.actor),
          toText(row.action),
          toText(row.object),
          toText(toWords(row.detail)),
        ]),
        "Nothing was changed yet.",
      );
      const last = rows.length === LIMIT ? rows.at(-1)?.seq : undefined;
      const more =
        last === undefined
          ? ""
          : html`<p class="more"><a href="/console/actions?before=${last}">Older</a></p>`;
      return toPage(person, "/console/actions", "Admin actions", html`${table}${more}`);
    }),
  );
}

function toWords(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("; ");
}
