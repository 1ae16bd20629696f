// The order of the answers on one lane of a socket: what one says comes whole before the next says anything.
import type { Framing } from "../answer/framing.ts";
import type { Sink } from "../answer/sink.ts";

/** The way of one answer to the caller. */
export type LaneSink = Sink & {
  /** Takes its place behind what is under way; until then what is said goes out at once. */
  join(): void;
  /** The caller has left: what is still said goes nowhere. */
  leave(): void;
};

export type Lane = {
  /** Opens the way of an answer, outside the order until it joins. `onEnd` is called when all of it has gone out. */
  open(framing: Framing, onEnd: () => void): LaneSink;
  /** Whether nothing is under way. */
  readonly isIdle: boolean;
};

/** Makes a lane on a socket. `write` sends bytes of the answer's framing, as a sink does; `cut` closes the socket. */
export function createLane(write: (bytes: Buffer, onDrain: () => void) => boolean, cut: () => void): Lane {
  const order: Queued[] = [];
  const outside = new Set<Queued>();

  function advance(): void {
    for (let first = order[0]; first !== undefined; first = order[0]) {
      first.start();
      if (!first.isOver) return;
      order.shift();
      first.onEnd();
    }
  }

  return {
    get isIdle() {
      return order.length === 0 && outside.size === 0;
    },
    open(framing, onEnd) {
      const entry = createQueued(write, onEnd, () => outside.has(entry) || order[0] === entry);
      const finish = (): void => {
        entry.isOver = true;
        for (const closed of entry.closers) closed();
        if (outside.delete(entry)) onEnd();
        else advance();
      };
      const sink: LaneSink = {
        framing,
        // An error is always an event here: the socket has been opened.
        begun: true,
        get gone() {
          return entry.isGone;
        },
        head: () => undefined,
        write: (bytes, onDrain) => entry.write(bytes, onDrain),
        end(bytes) {
          if (entry.isOver) return;
          if (bytes !== undefined) entry.write(bytes, () => undefined);
          finish();
        },
        cut() {
          if (entry.isOver) return;
          cut();
          finish();
        },
        onLeave(left) {
          entry.onLeave = left;
          if (entry.isGone) left();
        },
        onClose(closed) {
          if (entry.isOver) closed();
          else entry.closers.push(closed);
        },
        join() {
          if (outside.delete(entry)) order.push(entry);
        },
        leave() {
          if (entry.isGone || entry.isOver) return;
          entry.isGone = true;
          entry.onLeave();
        },
      };
      outside.add(entry);
      return sink;
    },
  };
}

type Queued = {
  isOver: boolean;
  isGone: boolean;
  onLeave: () => void;
  /** Told once when it is over. */
  readonly closers: (() => void)[];
  readonly onEnd: () => void;
  /** It is its turn: what waits goes out. */
  start(): void;
  write(bytes: Buffer, onDrain: () => void): boolean;
};

function createQueued(
  write: (bytes: Buffer, onDrain: () => void) => boolean,
  onEnd: () => void,
  isFirst: () => boolean,
): Queued {
  let waiting: { readonly bytes: Buffer; readonly onDrain: () => void }[] = [];
  const entry: Queued = {
    isOver: false,
    isGone: false,
    onLeave: () => undefined,
    closers: [],
    onEnd,
    start() {
      const ready = waiting;
      waiting = [];
      for (const { bytes, onDrain } of ready) {
        if (write(bytes, onDrain)) onDrain();
      }
    },
    write(bytes, onDrain) {
      if (entry.isOver || entry.isGone || bytes.length === 0) return true;
      if (isFirst()) return write(bytes, onDrain);
      waiting.push({ bytes, onDrain });
      return waiting.length === 0;
    },
  };
  return entry;
}
