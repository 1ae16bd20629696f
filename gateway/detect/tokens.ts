// Exact token counts, made in a worker thread, remembered by text, and paid for out of a budget of each caller.
import { hash } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { LRUCache } from "lru-cache";
import { z } from "zod";

/** Counts tokens. */
export type TokenCounter = {
  /**
   * Counts the tokens of texts, each by itself, as the model's tokenizer does.
   *
   * @returns null where the caller's budget is spent, the model's tokenizer is not known, or the count takes too long.
   */
  readonly count: (texts: readonly string[], model: string | null, caller: string) => Promise<number | null>;
  /** Ends the worker threads; counts that are under way become null. */
  readonly close: () => Promise<void>;
};

export type TokenCounterOptions = {
  /** Worker threads (default 1); each starts when it is first needed. */
  readonly workers?: number;
  /** How much of a second's counting a caller may use (default 100), and how much it may save up (default 1,000). */
  readonly budgetMsPerSecond?: number;
  readonly budgetMs?: number;
  /** After this a count is given up and its worker replaced (default 2,000). */
  readonly deadlineMs?: number;
  /** How many counts are remembered (default 50,000). */
  readonly remembered?: number;
  /** Milliseconds, growing (default `performance.now`). */
  readonly now?: () => number;
};

type Encoding = "o200k_base" | "cl100k_base";
type Answer = { counts: number[]; ms: number };
type Job = { encoding: Encoding; texts: string[]; done: (answer: Answer | null) => void };

const answerSchema = z.object({ counts: z.array(z.int()), ms: z.number() });
const MAX_CALLERS = 10_000;
const MAX_QUEUE = 256;

/** Creates a counter. */
export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const {
    budgetMsPerSecond = 100,
    budgetMs = 1000,
    deadlineMs = 2000,
    now = () => performance.now(),
  } = options;
  const memory = new LRUCache<string, number>({ max: options.remembered ?? 50_000 });
  const budgets = new LRUCache<string, { left: number; at: number }>({ max: MAX_CALLERS });
  const pool = createPool(options.workers ?? 1, deadlineMs);

  const toBudget = (caller: string): { left: number; at: number } => {
    const at = now();
    const budget = budgets.get(caller) ?? { left: budgetMs, at };
    budget.left = Math.min(budgetMs, budget.left + ((at - budget.at) / 1000) * budgetMsPerSecond);
    budget.at = at;
    budgets.set(caller, budget);
    return budget;
  };

  return {
    count: async (texts, model, caller) => {
      const encoding = toEncoding(model);
      if (encoding === null) return null;
      let sum = 0;
      const missing: { key: string; text: string }[] = [];
      for (const text of texts) {
        const key = `${encoding} ${hash("sha256", text, "base64")}`;
        const known = memory.get(key);
        if (known === undefined) missing.push({ key, text });
        else sum += known;
      }
      if (missing.length === 0) return sum;
      const budget = toBudget(caller);
      if (budget.left <= 0) return null;
      const answer = await pool.ask(
        encoding,
        missing.map(({ text }) => text),
      );
      budget.left -= answer?.ms ?? deadlineMs;
      if (answer === null) return null;
      for (const [i, { key }] of missing.entries()) {
        const counted = answer.counts[i];
        if (counted === undefined) return null;
        memory.set(key, counted);
        sum += counted;
      }
      return sum;
    },
    close: () => pool.close(),
  };
}

/** Names the encoding of a model of OpenAI's; null for one that is not known. */
export function toEncoding(model: string | null): Encoding | null {
  const name = model?.replace(/^ft:/, "") ?? "";
  if (/^(?:gpt-(?:4o|4\.[15]|[5-9]|oss|audio|realtime|image)|chatgpt-|o\d|codex-|computer-use-)/.test(name))
    return "o200k_base";
  if (/^(?:gpt-4|gpt-3\.5|text-embedding-|(?:babbage|davinci)-002)/.test(name)) return "cl100k_base";
  return null;
}

function createPool(
  size: number,
  deadlineMs: number,
): { ask: (encoding: Encoding, texts: string[]) => Promise<Answer | null>; close: () => Promise<void> } {
  const queue: Job[] = [];
  const slots = Array.from({ length: size }, () => createSlot(queue, deadlineMs));
  let isClosed = false;
  return {
    ask: (encoding, texts) => {
      if (isClosed || queue.length >= MAX_QUEUE) return Promise.resolve(null);
      return new Promise((done) => {
        queue.push({ encoding, texts, done });
        for (const slot of slots) slot.wake();
      });
    },
    close: async () => {
      isClosed = true;
      for (const job of queue.splice(0)) job.done(null);
      await Promise.all(slots.map((slot) => slot.close()));
    },
  };
}

/** One worker thread, or the place of one, and the job that it has. */
function createSlot(queue: Job[], deadlineMs: number): { wake: () => void; close: () => Promise<void> } {
  let worker: Worker | null = null;
  let isReady = false;
  let job: Job | null = null;
  let timer: NodeJS.Timeout | null = null;

  const finish = (answer: Answer | null): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const done = job;
    job = null;
    done?.done(answer);
  };
  const drop = async (): Promise<void> => {
    const old = worker;
    worker = null;
    isReady = false;
    finish(null);
    await old?.terminate();
  };
  const next = (): void => {
    if (job !== null || !isReady || worker === null) return;
    job = queue.shift() ?? null;
    if (job === null) return;
    timer = setTimeout(() => {
      void drop().then(wake);
    }, deadlineMs);
    worker.postMessage({ encoding: job.encoding, texts: job.texts });
  };
  const begin = (): void => {
    // Beside this file, with its ending: `.ts` in the sources, `.js` in what is built of them.
    const started = new Worker(new URL(`./tokens-worker${extname(import.meta.url)}`, import.meta.url));
    started.unref();
    worker = started;
    started.on("message", (message: unknown) => {
      if (worker !== started) return;
      if (message === "ready") isReady = true;
      else finish(answerSchema.safeParse(message).data ?? null);
      next();
    });
    const fail = (): void => {
      if (worker !== started) return;
      // A worker that cannot start or that broke takes its job with it; the queue waits for nobody.
      const wasReady = isReady;
      void drop();
      if (!wasReady) for (const waiting of queue.splice(0)) waiting.done(null);
      else wake();
    };
    started.on("error", fail);
    started.on("exit", fail);
  };
  const wake = (): void => {
    if (queue.length === 0) return;
    if (worker === null) begin();
    else next();
  };
  return { wake, close: drop };
}
