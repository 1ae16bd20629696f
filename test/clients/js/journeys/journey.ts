// A way through some of the API that a program may take, written with the client's own methods.
import type OpenAI from "openai";
import { APIError } from "openai";

/** What a journey is given. */
export type Traveller = {
  readonly client: OpenAI;
  /** Its fetch is recorded: for what the client has no method for. */
  readonly fetch: typeof fetch;
  readonly baseURL: string;
  readonly apiKey: string;
};

/** A way through the API. It may not depend on what others left behind. */
export type Journey = (traveller: Traveller) => Promise<void>;

/** Makes a call that is meant to fail, or may: an error answer ends here. */
export async function attempt<T>(promise: PromiseLike<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof APIError) return null;
    throw error;
  }
}

/** Reads all of a list or a stream; an error answer ends it. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const read: T[] = [];
  try {
    for await (const item of items) read.push(item);
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
  }
  return read;
}

/** Calls until what is polled is done. */
export async function poll<T>(retrieve: () => PromiseLike<T>, isDone: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await retrieve();
    if (isDone(value)) return value;
  }
}
