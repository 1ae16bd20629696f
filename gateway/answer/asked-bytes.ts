// Reads a file once the recogniser has said what stands in the passages that end in what came of it.
import { toGatewayError } from "../errors.ts";
import { createAskedFirst } from "./asked-first.ts";
import { createBytesReader } from "./bytes.ts";
import type { FileHead } from "./bytes.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { createTextLook } from "./text-look.ts";

const CHANNEL = "";

/** Opens the reader of a file; that of its bytes alone where nothing is asked. */
export function createAskedReader(context: AnswerContext, head: FileHead): AnswerReader {
  const { recognition, target } = context;
  const reader = createBytesReader(context, head);
  if (recognition.classes.size === 0 || head.isUnread) return reader;
  const look = createTextLook(head.isCalledText);
  const first = createAskedFirst(recognition, target, (error) => reader.fail(toGatewayError(error)));

  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      first.drop();
      reader.fail(toGatewayError(error));
    }
  }

  return {
    push: (chunk) =>
      attempt(() => {
        for (const { text } of look.push(chunk) ?? []) first.piece(CHANNEL, text);
        first.run(() => reader.push(chunk));
      }),
    end: () =>
      attempt(() => {
        for (const { text } of look.end() ?? []) first.piece(CHANNEL, text);
        first.rest();
        first.run(() => reader.end());
      }),
    fail(error) {
      first.drop();
      reader.fail(error);
    },
  };
}
