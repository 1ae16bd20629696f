// Follows a policy's folder: builds it, and builds it again whenever it has changed.

import { lstatSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildBundle, findCanaries, type Built } from "./build.ts";
import { listChanges } from "./changes.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";
import { findOpa, type Opa } from "./run-opa.ts";
import { listFolders } from "./sources.ts";
import { isAuthored } from "./stage.ts";

export type FolderBuild = {
  /** When the change that led to it was seen, in milliseconds since 1970. */
  readonly since: number;
  /** Null: it can't be built. */
  readonly built: Built | null;
  /** What is wrong with it, or what its author is warned of. */
  readonly problems: readonly Problem[];
  /** How it differs from the last one that could be built. */
  readonly changes: readonly string[];
};

export type FollowOptions = {
  readonly source: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly lookMs?: number;
  /** Builds it; absent: with OPA. */
  readonly build?: (source: string) => Promise<Built>;
};

/** How often the folder is looked at: what has not changed for so long is built. */
const LOOK_MS = 150;

/**
 * Builds the folder at once, then after every change once nothing changes any more; what changes during a build leads to one
 * more. It is looked at, not watched: that finds what editors put in a file's place, and works on every file system.
 */
export async function* followFolder(options: FollowOptions): AsyncGenerator<FolderBuild> {
  const { source, signal, lookMs = LOOK_MS } = options;
  const build = options.build ?? createBuild(options.env);
  let last: Built | null = null;
  let seen: string | null = null;
  while (!signal.aborted) {
    const now = look(source);
    if (now !== seen) {
      const since = Date.now();
      seen = seen === null ? now : await settle(source, now, options);
      if (signal.aborted) return;
      const outcome = await tryToBuild(build, source);
      const changes = last === null || outcome.built === null ? [] : listChanges(last, outcome.built);
      last = outcome.built ?? last;
      yield { ...outcome, since, changes };
    }
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

async function tryToBuild(
  build: (source: string) => Promise<Built>,
  source: string,
): Promise<Pick<FolderBuild, "built" | "problems">> {
  try {
    const built = await build(source);
    return { built, problems: built.warnings };
  } catch (error) {
    if (error instanceof PolicyProblem) return { built: null, problems: error.problems };
    // Somebody may have taken away a file while it was read.
    const why = error instanceof Error ? error.message : "unknown";
    return { built: null, problems: [toError("fault", null, `The folder can't be built: ${why}.`)] };
  }
}

/** Waits until two looks see the same, and gives that. */
async function settle(
  source: string,
  first: string,
  { lookMs = LOOK_MS, signal }: FollowOptions,
): Promise<string> {
  let before = first;
  for (;;) {
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    const now = look(source);
    if (now === before || signal.aborted) return now;
    before = now;
  }
}

function createBuild(env: FollowOptions["env"]): (source: string) => Promise<Built> {
  let opa: Opa | null = null;
  return (source) => {
    opa ??= findOpa(env);
    const canaries = findCanaries(source);
    // No serial: what is tried out has no order.
    const common = { allowPatterns: false, isFrozen: false, revision: null, stamp: null };
    return buildBundle({ opa, source, canaries, ...common });
  };
}

/** Gives what differs once a file was written, replaced, added or taken away. */
function look(source: string): string {
  try {
    const parts = [...listFolders(source), "canaries.json"];
    return parts.flatMap((part) => [...listStamps(join(source, part))]).join("\n");
  } catch (error) {
    return error instanceof Error ? error.message : "unreadable";
  }
}

function* listStamps(path: string): Generator<string> {
  // What editors put beside the files that they change begins with a dot.
  if (basename(path).startsWith(".")) return;
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    for (const name of readdirSync(path).toSorted()) yield* listStamps(join(path, name));
  // A link is refused, so that it counts that it goes.
  else if (
    found !== undefined &&
    (found.isSymbolicLink() || isAuthored(path) || path.endsWith("canaries.json"))
  )
    yield `${path}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}
