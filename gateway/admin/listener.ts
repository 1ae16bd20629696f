// The operators' listener: metrics, the console and replays, apart from the data port.
import { serve } from "@hono/node-server";
import type { ServerType } from "@hono/node-server";
import { Hono } from "hono";
import { addReplayRoute } from "./replay-route.ts";
import type { ReplayDoor } from "./replay-route.ts";

export type AdminListener = { readonly url: string; close(): Promise<void> };

export type AdminSettings = { readonly host: string; readonly port: number };

/**
 * Listens for operators. `metrics` gives the Prometheus text format, version 0.0.4; `openConsole` the console at this
 * address, null where it can't be there; `replay` tries bundles.
 */
export function createAdminListener(
  settings: AdminSettings,
  metrics: () => Promise<string>,
  openConsole: (url: string) => Hono | null,
  replay: ReplayDoor,
): Promise<AdminListener> {
  let pages: Hono | null = null;
  const app = new Hono();
  app.get("/metrics", async (c) =>
    c.text(await metrics(), 200, { "content-type": "text/plain; version=0.0.4" }),
  );
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  addReplayRoute(app, replay);
  app.get("/", (c) => c.redirect("/console", 303));
  app.all("/console/*", (c) =>
    pages === null
      ? c.text("The console has no address that people could open: set admin_url.", 404)
      : pages.fetch(c.req.raw, c.env),
  );
  return new Promise((resolve, reject) => {
    const server: ServerType = serve(
      { fetch: app.fetch, hostname: settings.host, port: settings.port },
      (info) => {
        server.off("error", reject);
        const url = `http://${info.family === "IPv6" ? `[${info.address}]` : info.address}:${info.port}`;
        pages = openConsole(url);
        resolve({ url, close: () => close(server) });
      },
    );
    server.once("error", reject);
  });
}

/** Browsers keep connections open over which nothing comes. */
function close(server: ServerType): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
}
