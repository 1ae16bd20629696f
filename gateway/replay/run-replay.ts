// Runs a replay in processes of its own: hands out the record part by part, watches memory and time, and adds up.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { readFromChild } from "./messages.ts";
import type { FromChild, Opened, ToChild } from "./messages.ts";
import { ReplayError } from "./replay-error.ts";
import { addTally, createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";

/** What is judged next. */
export type Part = Extract<ToChild, { readonly kind: "range" | "lines" }>;

export type ReplayOptions = {
  readonly open: ToChild & { readonly kind: "open" };
  /** Gives what is judged, part by part. */
  readonly parts: AsyncIterable<Part>;
  readonly processes: number;
  /** Of each process, in MiB. */
  readonly memoryMb: number;
  /** How long one part may take, and all of it. */
  readonly partMs: number;
  readonly totalMs: number;
  /** Told as soon as a process has the policies open. */
  readonly onOpened?: () => void;
  /** Told after each part how many exchanges were looked at. */
  readonly onProgress?: (exchanges: number) => void;
  readonly signal?: AbortSignal;
};

export type Replayed = Opened & { readonly tally: Tally };

/** Replays. Rejects with a `ReplayError` where a process fails, takes too much memory or too long; none is left then. */
export async function runReplay(options: ReplayOptions): Promise<Replayed> {
  const tally = createTally();
  const judges = Array.from({ length: options.processes }, () => startJudge(options.memoryMb));
  const ends = Promise.withResolvers<never>();
  const timer = setTimeout(() => ends.reject(new ReplayError("The replay took too long.")), options.totalMs);
  const onAbort = (): void => ends.reject(new ReplayError("The replay was stopped."));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  ends.promise.catch(() => undefined);
  const parts = options.parts[Symbol.asyncIterator]();
  // One at a time asks for the next part.
  let asking: Promise<unknown> = Promise.resolve();
  function takePart(): Promise<IteratorResult<Part>> {
    const next = asking.then(() => parts.next());
    asking = next.catch(() => undefined);
    return next;
  }
  async function work(judge: Judge): Promise<Opened> {
    const ready = await judge.ask(options.open, options.partMs);
    if (ready.kind !== "ready") throw new ReplayError("A process of the replay did not open.");
    options.onOpened?.();
    for (let part = await takePart(); part.done !== true; part = await takePart()) {
      const judged = await judge.ask(part.value, options.partMs);
      if (judged.kind !== "judged") throw new ReplayError("A process of the replay lost its way.");
      addTally(tally, judged.tally);
      options.onProgress?.(tally.exchanges);
    }
    return ready;
  }
  try {
    if (options.signal?.aborted === true) onAbort();
    const [first] = await Promise.race([Promise.all(judges.map(work)), ends.promise]);
    if (first === undefined) throw new ReplayError("There is no process to judge.");
    const { next, against, titles } = first;
    return { tally, next, against, titles };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    for (const judge of judges) judge.stop();
    await parts.return?.();
  }
}

type Judge = {
  ask(message: ToChild, limitMs: number): Promise<FromChild>;
  stop(): void;
};

const CHILD = fileURLToPath(new URL(`./replay-worker${extname(import.meta.url)}`, import.meta.url));

function startJudge(memoryMb: number): Judge {
  // The database's address comes by message: arguments and variables of a process can be read by others.
  const child: ChildProcess = fork(CHILD, [], {
    execArgv: [`--max-old-space-size=${memoryMb}`, "--max-semi-space-size=32"],
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  yieldToOthers(child);
  let waiting: PromiseWithResolvers<FromChild> | null = null;
  let ended = false;
  child.on("message", (message: unknown) => waiting?.resolve(readFromChild(message)));
  child.on("error", () => waiting?.reject(new ReplayError("A process of the replay could not be started.")));
  child.on("exit", (code, signal) => {
    ended = true;
    waiting?.reject(
      new ReplayError(
        `A process of the replay ended by itself (${code ?? signal}): it may have needed more than ${memoryMb} MiB.`,
      ),
    );
  });
  return {
    async ask(message, limitMs) {
      if (ended) throw new ReplayError("A process of the replay has ended.");
      const answer = Promise.withResolvers<FromChild>();
      waiting = answer;
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        answer.reject(
          new ReplayError(`The policy did not decide a part of the record in ${limitMs / 1000} s.`),
        );
      }, limitMs);
      try {
        child.send(message);
        const said = await answer.promise;
        if (said.kind === "failed") throw new ReplayError(said.message);
        return said;
      } finally {
        clearTimeout(timer);
        waiting = null;
      }
    },
    stop() {
      if (!ended) child.kill("SIGKILL");
    },
  };
}

/** Whatever else the machine does goes first; where that may not be said, the replay runs as anything does. */
function yieldToOthers({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, which its events tell.
  }
}
