// Keeps an answer's parts in their order until the recogniser has said what stands in the passages that end in them.
import type { Ahead, Recognition } from "../recognise/recognition.ts";

export type AskedFirst = {
  /** Takes the next piece of a text, which is named by its channel. */
  piece(channel: string, text: string): void;
  /** Takes a whole text, behind which its channel begins anew. */
  whole(channel: string, text: string): void;
  /** Ends a channel's text. */
  finish(channel: string): void;
  /** Asks about all texts as if they ended here; they may go on. */
  rest(): void;
  /** Ends all texts. */
  cut(): void;
  /** Does a step behind those before it, once all that was asked so far is answered: at once where nothing was. */
  run(step: () => void): void;
  /** Forgets the steps that wait, and takes no more. */
  drop(): void;
  readonly isWaiting: boolean;
};

/** Steps that may wait before the source is held back. */
const MOST_WAITING = 64;

/** Opens what keeps the parts. `fail` is given what a step throws, and that something could not be asked. */
export function createAskedFirst(
  recognition: Recognition,
  source: { pause(): void; resume(): void },
  fail: (error: unknown) => void,
): AskedFirst {
  const channels = new Map<string, Ahead>();
  let asked: Promise<void>[] = [];
  let waiting: { readonly answered: Promise<unknown> | null; readonly step: () => void }[] = [];
  let isWorking = false;
  let isOver = false;

  function note(answered: Promise<void> | null): void {
    if (answered !== null) asked.push(answered);
  }

  function restOf(channel: string): void {
    note(channels.get(channel)?.rest() ?? null);
  }

  async function work(): Promise<void> {
    isWorking = true;
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        if (next.answered !== null) await next.answered;
        if (waiting[0] !== next) continue;
        waiting.shift();
        next.step();
        if (waiting.length === MOST_WAITING / 2) source.resume();
      }
    } catch (error) {
      drop();
      fail(error);
    } finally {
      isWorking = false;
      source.resume();
    }
  }

  function drop(): void {
    isOver = true;
    waiting = [];
  }

  return {
    drop,
    get isWaiting() {
      return isWorking;
    },
    piece(channel, text) {
      const ahead = channels.get(channel) ?? recognition.ahead();
      channels.set(channel, ahead);
      note(ahead.push(text));
    },
    whole(channel, text) {
      restOf(channel);
      channels.delete(channel);
      note(recognition.ask([text]));
    },
    finish(channel) {
      restOf(channel);
      channels.delete(channel);
    },
    rest() {
      for (const channel of channels.keys()) restOf(channel);
    },
    cut() {
      for (const channel of channels.keys()) restOf(channel);
      channels.clear();
    },
    run(step) {
      const answered = asked.length === 0 ? null : Promise.all(asked);
      asked = [];
      // It is awaited in its turn.
      answered?.catch(() => undefined);
      if (isOver) return;
      if (answered === null && !isWorking) {
        step();
        return;
      }
      waiting.push({ answered, step });
      if (waiting.length === MOST_WAITING) source.pause();
      if (!isWorking) void work();
    },
  };
}
