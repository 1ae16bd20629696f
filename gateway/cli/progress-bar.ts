// Shows how far a long command is: a bar on a terminal, else a line now and then.
import type { Output } from "./context.ts";

const WIDTH = 30;
const EACH_MS = 100;
const LINE_MS = 5000;

export type ProgressBar = {
  show(done: number): void;
  /** Takes the bar away. */
  close(): void;
};

/** Makes one for so many steps. What is quickly done shows nothing. */
export function createProgressBar(output: Output, total: number): ProgressBar {
  const isTerminal = output.isTTY === true;
  const began = performance.now();
  let shownAt = began;
  let isShown = false;
  return {
    show(done) {
      const now = performance.now();
      if (now - shownAt < (isTerminal ? EACH_MS : LINE_MS)) return;
      shownAt = now;
      isShown = true;
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const rate = Math.round((1000 * done) / (now - began)).toLocaleString("en-US");
      const text = `${Math.floor(100 * part)} %  ${done.toLocaleString("en-US")} exchanges, ${rate} a second`;
      const filled = Math.round(WIDTH * part);
      output.write(
        isTerminal ? `\r${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}  ${text}\u001b[K` : `${text}\n`,
      );
    },
    close() {
      if (isTerminal && isShown) output.write("\r\u001b[K");
    },
  };
}
