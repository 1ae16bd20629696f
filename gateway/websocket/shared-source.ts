// Holds back the one source that several answers share, as long as any of them asks for it.
import type { Socket } from "./socket.ts";

export type SharedSource = {
  /** Whether any answer holds it back. */
  readonly isHeld: boolean;
  /** Gives what one answer says of its source; `abort` is called where it ends before its time. */
  part(id: string, abort?: () => void): { pause(): void; resume(): void; abort(): void };
};

/** Makes the source of a target's socket. */
export function createSharedSource(target: Socket): SharedSource {
  const pausing = new Set<string>();
  const release = (id: string): void => {
    if (pausing.delete(id) && pausing.size === 0) target.resume();
  };
  return {
    get isHeld() {
      return pausing.size > 0;
    },
    part: (id, abort) => ({
      pause() {
        pausing.add(id);
        target.pause();
      },
      resume: () => release(id),
      abort() {
        release(id);
        abort?.();
      },
    }),
  };
}
