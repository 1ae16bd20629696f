// Asks the recogniser about what is not known yet: in batches, so many at a time, and within a time limit.
import { hash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { LRUCache } from "lru-cache";
import { findStandIns } from "../stand-ins.ts";
import { analyze, unavailable, type Recognised, type Send } from "./analyze.ts";
import { createPause } from "./pause.ts";
import { createSlots } from "./slots.ts";

/** How the recogniser is asked. */
export type RecogniserOptions = {
  readonly languages: readonly string[];
  /** Class by entity. */
  readonly classes: ReadonlyMap<string, string>;
  readonly threshold: number;
  /** All passages of one question together. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly textsPerCall: number;
  /** A longer text is not asked about. */
  readonly maxChars: number;
  readonly cacheBytes: number;
  /** What becomes of a text that cannot be asked about. */
  readonly onError: "refuse" | "ignore";
  /** So many calls fail in a row until it is left alone for a while, where it fails on a text of our own too. */
  readonly mostFailures: number;
  readonly pauseMs: number;
};

export type RecogniserDeps = {
  readonly options: RecogniserOptions;
  readonly send: Send;
  /** Keys the cache. */
  readonly secret: string;
  /** Told of each call that was made: whether it was answered, and after how long. */
  readonly onCall: (isAnswered: boolean, milliseconds: number) => void;
  /** Told of a failure that is ignored. */
  readonly onIgnored: (error: unknown) => void;
  /** Told when it is left alone, and when it is asked again. */
  readonly onPause: (isPaused: boolean) => void;
};

export type Recogniser = {
  readonly options: RecogniserOptions;
  /** Equal for recognisers that are asked the same. */
  readonly digest: string;
  readonly classes: ReadonlySet<string>;
  /**
   * Gives what stands in each passage; one that could not be asked about is missing where that is to be ignored.
   *
   * @throws GatewayError `recogniser_unavailable` where that refuses.
   */
  find(
    tenant: string,
    passages: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly Recognised[]>>;
};

const NOTHING: readonly Recognised[] = [];
/** What it is asked about to see whether it answers; nobody's words. */
const TRIAL = "The weather is fine today.";
/** Characters that are sent at once. */
const MOST_CHARS = 32_768;
/** What an entry of the cache takes, and each finding in it. */
const ENTRY_BYTES = 200;
const FINDING_BYTES = 100;

/** Makes the recogniser of this process. */
export function createRecogniser(deps: RecogniserDeps): Recogniser {
  const { options, send, secret } = deps;
  const { languages, classes, threshold } = options;
  const digest = hash("sha256", JSON.stringify([languages, [...classes], threshold, options.maxChars]));
  const cache = new LRUCache<string, readonly Recognised[]>({
    maxSize: options.cacheBytes,
    sizeCalculation: (found) => ENTRY_BYTES + FINDING_BYTES * found.length,
  });
  const slots = createSlots(options.concurrency);

  const pause = createPause({
    mostFailures: options.mostFailures,
    pauseMs: options.pauseMs,
    now: () => performance.now(),
    onChange: deps.onPause,
    attempt() {
      const signal = AbortSignal.timeout(options.timeoutMs);
      return Promise.all(
        languages.map((language) => analyze(send, { language, classes, threshold }, [TRIAL], signal)),
      );
    },
  });

  function note(isAnswered: boolean, began: number): void {
    deps.onCall(isAnswered, performance.now() - began);
    pause.note(isAnswered);
  }

  async function call(
    batch: readonly string[],
    language: string,
    signal: AbortSignal,
  ): Promise<readonly (readonly Recognised[])[]> {
    const leave = await slots.enter(signal).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    try {
      if (!(await pause.mayAsk())) throw unavailable(null);
      const began = performance.now();
      try {
        const found = await analyze(send, { language, classes, threshold }, batch, signal);
        note(true, began);
        return found;
      } catch (error) {
        // A caller that leaves says nothing of the recogniser.
        if (!isLeft(signal)) note(false, began);
        throw error;
      }
    } finally {
      leave();
    }
  }

  /** Gives what is found in any language; what the gateway writes in a value's place is no finding. */
  async function askInAll(
    batch: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly Recognised[])[]> {
    const all = await Promise.all(languages.map((language) => call(batch, language, signal)));
    return batch.map((passage, index) => {
      const found = all.flatMap((one) => one[index] ?? NOTHING);
      return found.length === 0 ? NOTHING : leaveOut(findStandIns(passage), found).sort(compare);
    });
  }

  return {
    options,
    digest,
    classes: new Set(classes.values()),
    async find(tenant, passages, left) {
      const known = new Map<string, readonly Recognised[]>();
      const keys = new Map<string, string>();
      for (const passage of passages) {
        if (known.has(passage) || keys.has(passage)) continue;
        const key = hash("sha256", `${secret}\0${tenant}\0${passage}`, "base64");
        const found = cache.get(key);
        if (found === undefined) keys.set(passage, key);
        else known.set(passage, found);
      }
      if (keys.size === 0) return known;
      const failed = new AbortController();
      const signal = AbortSignal.any([left, failed.signal, AbortSignal.timeout(options.timeoutMs)]);
      setMaxListeners(0, signal);
      const batches = toBatches([...keys.keys()], options.textsPerCall).values();
      let failure: unknown = null;
      async function work(): Promise<void> {
        for (const batch of batches) {
          try {
            const found = await askInAll(batch, signal);
            for (const [index, passage] of batch.entries()) {
              const one = found[index] ?? NOTHING;
              known.set(passage, one);
              cache.set(keys.get(passage) ?? "", one);
            }
          } catch (error) {
            failure ??= error;
            if (options.onError === "refuse" || left.aborted) {
              // What is asked besides is of no use any more.
              failed.abort();
              throw error;
            }
          }
        }
      }
      await Promise.all(Array.from({ length: Math.min(options.concurrency, keys.size) }, work));
      if (failure !== null) deps.onIgnored(failure);
      return known;
    },
  };
}

/** Says whether nobody wants the answer any more; where time is over, somebody does. */
function isLeft({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DOMException && reason.name === "AbortError";
}

function compare(a: Recognised, b: Recognised): number {
  return a.start - b.start || b.end - a.end;
}

/** Takes stretches out of what was found. */
function leaveOut(
  stretches: readonly { readonly start: number; readonly end: number }[],
  found: readonly Recognised[],
): Recognised[] {
  let left = [...found];
  for (const { start, end } of stretches)
    left = left.flatMap((one) =>
      one.end <= start || one.start >= end
        ? [one]
        : [
            { ...one, end: start },
            { ...one, start: end },
          ].filter((part) => part.start < part.end),
    );
  return left;
}

/** Puts passages together that are sent at once. */
function toBatches(passages: readonly string[], most: number): string[][] {
  const batches: string[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const passage of passages) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= most || chars + passage.length > MOST_CHARS) {
      batches.push([passage]);
      chars = passage.length;
    } else {
      last.push(passage);
      chars += passage.length;
    }
  }
  return batches;
}
