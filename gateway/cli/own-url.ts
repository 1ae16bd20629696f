// Tells where the configured gateway is reached from its own machine.
import type { Config } from "../config/config.ts";

/** Gives the origin of the data port. */
export function toOwnUrl({ listen, tls }: Pick<Config, "listen" | "tls">): string {
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return `${tls === null ? "http" : "https"}://${host === "0.0.0.0" ? "127.0.0.1" : host}:${listen.port}`;
}

/** Gives the origin of the admin listener; null where there is none. */
export function toAdminUrl({ adminListen }: Pick<Config, "adminListen">): string | null {
  if (adminListen === null) return null;
  const host = adminListen.host.includes(":") ? `[${adminListen.host}]` : adminListen.host;
  return `http://${host}:${adminListen.port}`;
}
