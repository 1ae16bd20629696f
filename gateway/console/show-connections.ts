// The page of the connections: where they lead and how they answer; their keys are never on it.
import type { Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import { switchConnection } from "../../db/queries/change-connections.ts";
import { listHealth } from "../../db/queries/connection-health.ts";
import type { HealthRow } from "../../db/queries/connection-health.ts";
import { readConnections } from "../../db/queries/connections.ts";
import { toActor } from "../../db/queries/console-sessions.ts";
import type { ConnectionConfig } from "../config/config.ts";
import type { Door } from "./door.ts";
import { toButton, toPage, toTable, toText, toWhen } from "./layout.ts";
import type { Html } from "./layout.ts";

const PATH = "/console/connections";

type Line = {
  readonly name: string;
  readonly target: string;
  readonly labels: readonly string[];
  readonly isDefault: boolean;
  readonly state: "open" | "disabled" | "in the configuration";
};

/** Adds the page and what it does. */
export function addConnectionPages(
  app: Hono,
  deps: {
    readonly db: Database;
    readonly door: Door;
    readonly configured: readonly ConnectionConfig[];
  },
): void {
  const { db, door, configured } = deps;

  async function list(): Promise<readonly Line[]> {
    const stored = await readConnections(db);
    const first = stored.defaultName ?? configured.find((one) => one.default)?.name;
    return [
      ...configured.map(({ name, simulated, baseUrl, labels }): Line => ({
        name,
        target: simulated ? "simulated" : baseUrl,
        labels,
        isDefault: name === first,
        state: "in the configuration",
      })),
      ...stored.connections.map(({ name, baseUrl, labels, disabledAt }): Line => ({
        name,
        target: baseUrl,
        labels,
        isDefault: name === first,
        state: disabledAt === null ? "open" : "disabled",
      })),
    ];
  }

  app.get(
    PATH,
    door.page("connections.see", async (_c, person) => {
      const [lines, health] = await Promise.all([list(), listHealth(db)]);
      const canSwitch = person.rights.has("connections.switch");
      const rows = lines.map((line) => {
        const row = health.find(({ connection }) => connection === line.name);
        return [
          html`<strong>${line.name}</strong>${line.isDefault ? " (default)" : ""}`,
          toText(line.target),
          toText(line.labels.join(", ")),
          line.state === "disabled" ? html`<span class="bad">disabled</span>` : toText(line.state),
          toWhen(row?.usedAt ?? null),
          toCondition(row),
          canSwitch ? toSwitch(line) : html``,
        ];
      });

      function toSwitch({ name, state }: Line): Html {
        if (state === "disabled") return toButton(person, `${PATH}/${name}/enable`, "Enable");
        if (state === "in the configuration") return html``;
        return toButton(person, `${PATH}/${name}/disable`, "Disable", `Disable ${name}`);
      }

      const headings = ["Name", "Target", "Labels", "State", "Last use (UTC)", "Health", ""];
      return toPage(person, PATH, "Connections", toTable(headings, rows, "There are no connections."));
    }),
  );

  for (const [verb, to] of [
    ["disable", "disabled"],
    ["enable", "enabled"],
  ] as const) {
    app.post(
      `${PATH}/:name/${verb}`,
      door.action("connections.switch", async (c, { session }) => {
        const name = c.req.param("name") ?? "";
        // Those of the configuration are changed there.
        if (configured.some((one) => one.name === name)) return null;
        return (await switchConnection(db, name, to, toActor(session))) ? PATH : null;
      }),
    );
  }
}

function toCondition(row: HealthRow | undefined): Html {
  if (row === undefined) return html`<span class="soft">not used yet</span>`;
  if (row.failures > 0) return html`<span class="bad">${row.failures} failed: ${row.errorCode ?? ""}</span>`;
  return html`<span class="good">ok${row.latencyMs === null ? "" : `, ${row.latencyMs} ms`}</span>`;
}
