// The operators' listener: metrics apart from the data port.
import { serve } from "@hono/node-server";
import type { ServerType } from "@hono/node-server";
import { Hono } from "hono";

export type AdminListener = { readonly url: string; close(): Promise<void> };

export type AdminSettings = { readonly host: string; readonly port: number };

/** Listens for operators. `metrics` gives the Prometheus text format, version 0.0.4. */
export function createAdminListener(
  settings: AdminSettings,
  metrics: () => Promise<string>,
): Promise<AdminListener> {
  const app = new Hono();
  app.get("/metrics", async (c) =>
    c.text(await metrics(), 200, { "content-type": "text/plain; version=0.0.4" }),
  );
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  return new Promise((resolve, reject) => {
    const server: ServerType = serve(
      { fetch: app.fetch, hostname: settings.host, port: settings.port },
      (info) => {
        server.off("error", reject);
        resolve({
          url: `http://${info.family === "IPv6" ? `[${info.address}]` : info.address}:${info.port}`,
          close: () => new Promise((done) => server.close(() => done())),
        });
      },
    );
    server.once("error", reject);
  });
}
