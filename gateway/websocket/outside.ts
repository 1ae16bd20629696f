// What a target says outside of any exchange: its strings are scanned, and calls in it judged, like those of any answer.
import type { OpenContext } from "../answer/create-context.ts";
import { createOtherDialect } from "../answer/other-dialect.ts";
import { createEventReader } from "../answer/stream.ts";
import type { JsonObject } from "../exchange.ts";

export type Outside = {
  /** Takes one message. Throws what the socket is closed with. */
  take(data: string, value: JsonObject): void;
};

const NOTHING = Buffer.alloc(0);

/** Opens the reader of what concerns the socket alone. */
export function createOutside(context: OpenContext): Outside {
  const reader = createEventReader(context, createOtherDialect, "other");
  return {
    take(data, value) {
      reader.take({ bytes: NOTHING, event: null, data, plain: true }, value);
      reader.flush();
    },
  };
}
