// Started as a process of its own by policy-folder.ts: builds a folder of policies whenever it changes, and tells what came of it.
import { followFolder } from "../policy-build/follow-folder.ts";
import { showProblems } from "../policy-build/show-problems.ts";
import { toFollow } from "./policy-folder-messages.ts";
import type { FolderBuilt } from "./policy-folder-messages.ts";

const stop = new AbortController();
// Ctrl-C reaches every process of the terminal; when to stop, the gateway says.
process.on("SIGINT", () => undefined);
process.on("SIGHUP", () => undefined);
process.on("disconnect", () => {
  stop.abort();
  process.exit();
});
process.once("message", (message) => void follow(message));

async function follow(message: unknown): Promise<void> {
  const { source, prefix, hasColours } = toFollow.parse(message);
  const { signal } = stop;
  for await (const { since, built, problems, changes } of followFolder({
    source,
    env: process.env,
    signal,
  })) {
    const told: FolderBuilt = {
      since,
      built:
        built === null ? null : { bytes: built.bytes, revision: built.revision, rules: built.rules.length },
      shown: problems.length === 0 ? "" : showProblems(problems, { source, prefix, hasColours }),
      changes: [...changes],
    };
    process.send?.(told);
  }
}
