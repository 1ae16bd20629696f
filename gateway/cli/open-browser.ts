// Shows a page to whoever sits at this machine.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds what opens pages here; null where nothing does: there is no desktop, or nothing on it. */
export function findBrowser(env: Environment, platform: NodeJS.Platform = process.platform): string | null {
  const named = env["BROWSER"] ?? "";
  if (named !== "") return named;
  if (platform === "darwin") return "open";
  const hasDesktop = (env["DISPLAY"] ?? "") !== "" || (env["WAYLAND_DISPLAY"] ?? "") !== "";
  return hasDesktop && (env["PATH"] ?? "").split(delimiter).some((folder) => canRun(join(folder, "xdg-open")))
    ? "xdg-open"
    : null;
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Opens a page. What fails is not told: the page's URL stands on the terminal too. */
export function openBrowser(browser: string, url: string, env: Environment): void {
  spawn(browser, [url], { env, stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
