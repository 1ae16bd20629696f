// The watchdog's thread: ends the process whose evaluation is stuck, after it has written down which revision it was.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";

const data = z.object({
  shared: z.instanceof(Int32Array),
  pid: z.number(),
  lookMs: z.number(),
  looks: z.number(),
  path: z.string().nullable(),
});

const named = z.object({ index: z.number(), revision: z.string() });

/** Counts looks, not time: a machine that was asleep has not looked. */
function watch({ shared, pid, lookMs, looks, path }: z.infer<typeof data>): void {
  const revisions = new Map<number, string>();
  let seen = 0;
  let times = 0;
  parentPort?.on("message", (message: unknown) => {
    const { index, revision } = named.parse(message);
    revisions.set(index, revision);
  });
  setInterval(() => {
    const turn = Atomics.load(shared, 0);
    times = turn === seen && (turn & 1) === 1 ? times + 1 : 0;
    seen = turn;
    if (times < looks) return;
    const revision = revisions.get(Atomics.load(shared, 1)) ?? "";
    try {
      if (path !== null) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, JSON.stringify({ revision, at: new Date().toISOString() }));
      }
      process.stderr.write(
        `tollgate: an evaluation of policy revision ${revision} is stuck; ending the process\n`,
      );
    } finally {
      process.kill(pid, "SIGKILL");
    }
  }, lookMs);
}

watch(data.parse(workerData));
