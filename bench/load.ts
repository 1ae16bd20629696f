// The load generator: so many requests over so many connections, or until the time is over.
import { Pool } from "undici";
import { writeRequest } from "./shapes.ts";
import type { Shape } from "./shapes.ts";

/** What one run of requests showed; times in milliseconds. */
export type Run = {
  readonly requests: number;
  readonly seconds: number;
  readonly totals: readonly number[];
  readonly firstBytes: readonly number[];
};

/** Where requests go. */
export type Aim = { readonly origin: string; readonly token: string };

const MAX_SECONDS = 60;

let number = 0;

/** Sends `count` requests of a shape over `concurrency` connections. Throws at the first answer that is not 200. */
export async function sendRequests(aim: Aim, shape: Shape, count: number, concurrency: number): Promise<Run> {
  const pool = new Pool(aim.origin, { connections: concurrency, headersTimeout: 0, bodyTimeout: 0 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${aim.token}` };
  const totals: number[] = [];
  const firstBytes: number[] = [];
  const start = performance.now();
  let left = count;

  async function work(): Promise<void> {
    while (left > 0 && performance.now() - start < MAX_SECONDS * 1000) {
      left -= 1;
      number += 1;
      const body = writeRequest(shape, number);
      const began = performance.now();
      let firstByte = 0;
      await new Promise<void>((resolve, reject) => {
        pool.dispatch(
          { path: "/v1/responses", method: "POST", headers, body },
          {
            onRequestStart() {},
            onResponseStart(_controller, status) {
              if (status !== 200) reject(new Error(`${aim.origin} answered with status ${status}.`));
            },
            onResponseData() {
              if (firstByte === 0) firstByte = performance.now() - began;
            },
            onResponseEnd: () => resolve(),
            onResponseError: (_controller, error) => reject(error),
          },
        );
      });
      totals.push(performance.now() - began);
      firstBytes.push(firstByte);
    }
  }

  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    await pool.close();
  }
  return { requests: totals.length, seconds: (performance.now() - start) / 1000, totals, firstBytes };
}
