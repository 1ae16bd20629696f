// An answer that takes its time: white space keeps the connection open until it is there.

/** Between one sign of life and the next; proxies give up after 30 s and more. */
const EACH_MS = 10_000;
/** So long what was said last may take to leave before the connection breaks off. */
const LAST_MS = 200;

/**
 * Gives the body. Where what is waited for fails, the body is the error's message and the connection breaks off, so that
 * no reader takes it for whole. `onGone` is called when nobody reads any more.
 */
export function toLasting(answer: Promise<string>, onGone: () => void): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  let isGone = false;
  return new ReadableStream({
    start(controller) {
      const say = (text: string): void => {
        if (!isGone) controller.enqueue(Buffer.from(text));
      };
      timer = setInterval(say, EACH_MS, "\n");
      answer
        .then(
          (text) => {
            say(text);
            if (!isGone) controller.close();
          },
          (error: unknown) => {
            say(error instanceof Error ? error.message : "");
            setTimeout(() => isGone || controller.error(error), LAST_MS);
          },
        )
        .finally(() => clearInterval(timer));
    },
    cancel() {
      isGone = true;
      clearInterval(timer);
      onGone();
    },
  });
}
