// Reads the events of one answer once the recogniser has said what stands in the passages that end in them.
import type { RouteSpec } from "../exchange.ts";
import { parseAnswerJson } from "../parse/answer-json.ts";
import { createAskedFirst } from "./asked-first.ts";
import type { AnswerContext } from "./context.ts";
import { readEventTexts } from "./event-texts.ts";
import type { EventReader } from "./stream.ts";

/** Puts the questions before a reader; gives the same reader where nothing is asked. */
export function askFirst(
  { recognition, target, request }: AnswerContext,
  dialect: RouteSpec["dialect"],
  reader: EventReader,
): EventReader {
  if (recognition.classes.size === 0) return reader;
  const { spec } = request.route;
  const first = createAskedFirst(recognition, target, fail);

  function fail(error: unknown): void {
    first.drop();
    reader.fail(error);
  }

  return {
    isOver: () => reader.isOver(),
    fail,
    take(frame, given) {
      if (reader.isOver()) return;
      if (frame.data === null || frame.data === "" || frame.data === "[DONE]") {
        if (frame.data === "[DONE]") first.rest();
        first.run(() => reader.take(frame, given));
        return;
      }
      const value = given ?? parseAnswerJson(frame.data, "An event of the target's stream");
      const { texts, isEnd } = readEventTexts(dialect, spec, frame.event, value);
      for (const { channel, text, whole } of texts) {
        if (whole) first.whole(channel, text);
        else first.piece(channel, text);
      }
      if (isEnd) first.rest();
      first.run(() => {
        reader.take(frame, value);
        if (first.isWaiting) reader.flush();
      });
    },
    flush() {
      if (!first.isWaiting) reader.flush();
    },
    end() {
      first.rest();
      first.run(() => reader.end());
    },
  };
}
