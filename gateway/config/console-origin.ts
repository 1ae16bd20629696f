// Tells by which address people open the console.
import type { Config } from "./config.ts";
import { isLoopback } from "./loopback.ts";

/** Gives its origin: the configured one, else the listener's own where that is this machine's; null where neither will do. */
export function toConsoleOrigin(
  { adminListen, adminUrl }: Pick<Config, "adminListen" | "adminUrl">,
  listenerUrl: string,
): string | null {
  if (adminListen === null) return null;
  return adminUrl ?? (isLoopback(adminListen.host) ? listenerUrl : null);
}
