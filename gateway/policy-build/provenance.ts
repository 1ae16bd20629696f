// Finds out where a policy's sources come from, so that its bundle can say it.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { TABLES } from "../detect/values/tables.ts";
import { RECOGNISED_CLASSES, VALUE_CLASSES } from "../exchange.ts";
import { SIGNALS } from "../detect/signal-table.ts";

/** The commit that sources are at. */
export type Commit = {
  readonly commit: string;
  readonly author: string;
  /** As Git gives it, with its zone. */
  readonly time: string;
  /** Seconds since 1970. */
  readonly seconds: number;
};

/** What stands in the folder starts no program: no hook, and no folder that is laid out as a repository of its own. */
const CAREFUL = ["safe.bareRepository=explicit", "core.fsmonitor=false", "core.hooksPath=/dev/null"].flatMap(
  (setting) => ["-c", setting],
);

/** Gives the commit that the folder is at; null where it is not in Git, or was changed since. */
export function readCommit(folder: string): Commit | null {
  const ask = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...CAREFUL, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64 << 20,
    });
  try {
    if (ask("status", "--porcelain", "--", "gateway", "schemas").trim() !== "") return null;
    if (ask("ls-files", "--", "gateway").trim() === "") return null;
    const [commit = "", author = "", time = "", seconds = ""] = ask(
      "log",
      "-1",
      "--format=%H%n%an <%ae>%n%cI%n%ct",
    ).split("\n");
    return { commit, author, time, seconds: Number(seconds) };
  } catch {
    return null;
  }
}

/** Gives a digest of the gateway's own detectors by id and class: rules speak of what these find. */
export function digestDetectors(): string {
  const { tokens, named, numbers, coins } = TABLES;
  const rows = [
    ...[...tokens, ...named].map(({ id }) => [id, "secret"]),
    ...[...numbers, ...coins].map(({ id, class: name }) => [id, name]),
    ...SIGNALS.map(({ id }) => [id, "signal"]),
  ];
  const all = JSON.stringify([VALUE_CLASSES, RECOGNISED_CLASSES, rows]);
  return createHash("sha256").update(all).digest("hex").slice(0, 32);
}
