// The way to the caller of an upgrade: an HTTP answer as long as it may be refused, messages once the socket is open.
import type { Sink } from "../answer/sink.ts";

export type SwitchSink = Sink & {
  /** From here on everything goes to the other sink. */
  turn(next: Sink): void;
};

/** Begins with the answer's sink. */
export function createSwitchSink(first: Sink): SwitchSink {
  let current = first;
  return {
    get framing() {
      return current.framing;
    },
    get begun() {
      return current.begun;
    },
    get gone() {
      return current.gone;
    },
    head: (status, headers, options) => current.head(status, headers, options),
    write: (bytes, onDrain) => current.write(bytes, onDrain),
    end: (bytes) => current.end(bytes),
    cut: () => current.cut(),
    onClose: (closed) => current.onClose(closed),
    onLeave: (left) => current.onLeave(left),
    turn(next) {
      current = next;
    },
  };
}
