// Reads token ids as the text that the model will see, so that a prompt given as numbers is searched like any other.
import { toEncoding } from "./tokens.ts";

type Decode = (ids: Iterable<number>) => string;

/** Decodes token ids. */
export type TokenReader = {
  /** Gives the text; null where the model's tokenizer is not known, or an id is none of its. */
  read(ids: readonly number[], model: string | null): Promise<string | null>;
};

/** Creates the reader. A tokenizer's table is loaded when it is first needed. */
export function createTokenReader(): TokenReader {
  const decoders = new Map<string, Promise<Decode>>();

  function load(encoding: "o200k_base" | "cl100k_base"): Promise<Decode> {
    const known = decoders.get(encoding);
    if (known !== undefined) return known;
    const loading =
      encoding === "o200k_base"
        ? import("gpt-tokenizer/encoding/o200k_base").then(({ decode }): Decode => decode)
        : import("gpt-tokenizer/encoding/cl100k_base").then(({ decode }): Decode => decode);
    decoders.set(encoding, loading);
    return loading;
  }

  return {
    async read(ids, model) {
      const encoding = toEncoding(model);
      if (encoding === null) return null;
      const decode = await load(encoding);
      try {
        return decode(ids);
      } catch {
        // An id that the table does not have: nobody knows what the model would make of it.
        return null;
      }
    },
  };
}
