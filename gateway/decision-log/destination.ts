// Where events go: a collector over HTTP as OPA sends them, a file, or standard output.
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);

/** What became of a batch: `unreadable` says that this batch is at fault, not the way there. */
export type Delivery = "delivered" | "unreadable";

/**
 * Takes batches of events, each as JSON. Rejects with a `DeliveryError` where nothing could be delivered now, or where the
 * signal came first.
 */
export type Destination = { deliver(events: readonly string[], signal: AbortSignal): Promise<Delivery> };

/** Says why a batch was not delivered, without an event or a credential. */
export class DeliveryError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeliveryError";
  }
}

/** Answers by which a collector says that it will never take a batch as it is. */
const UNREADABLE: ReadonlySet<number> = new Set([400, 413, 422]);
const LIMIT_MS = 30_000;

/** Sends gzipped arrays of JSON to a collector. `credential` is asked each time: it may be renewed. */
export function createCollector(url: string, credential: () => string | null): Destination {
  return {
    async deliver(events, stop) {
      const body = await compress(`[${events.join()}]`);
      const token = credential();
      let answer: Response;
      try {
        answer = await fetch(url, {
          method: "POST",
          body,
          headers: {
            "content-type": "application/json",
            "content-encoding": "gzip",
            ...(token !== null && { authorization: `Bearer ${token}` }),
          },
          redirect: "error",
          signal: AbortSignal.any([stop, AbortSignal.timeout(LIMIT_MS)]),
        });
        await answer.body?.cancel();
      } catch (cause) {
        throw new DeliveryError("The collector could not be reached.", { cause });
      }
      if (answer.ok) return "delivered";
      if (UNREADABLE.has(answer.status)) return "unreadable";
      throw new DeliveryError(`The collector answered ${answer.status}.`);
    },
  };
}

/** Adds a line an event to a file, which may be moved away at any time, and has it on the disk before it counts. */
export function createFile(path: string): Destination {
  return {
    async deliver(events) {
      try {
        await using file = await open(path, "a", 0o600);
        await file.appendFile(`${events.join("\n")}\n`);
        await file.datasync();
        return "delivered";
      } catch (cause) {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
        throw new DeliveryError(`The file could not be written (${code}).`, { cause });
      }
    },
  };
}

/** Writes a line an event to a stream. */
export function createLines(stream: NodeJS.WritableStream): Destination {
  return {
    deliver: (events) =>
      new Promise((resolve, reject) => {
        stream.write(`${events.join("\n")}\n`, (error) =>
          error
            ? reject(new DeliveryError("Standard output is closed.", { cause: error }))
            : resolve("delivered"),
        );
      }),
  };
}
