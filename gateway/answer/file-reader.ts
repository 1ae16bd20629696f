// Chooses how a file is read: a batch's output line by line, everything else as bytes.
import { parseAnswerJson } from "../parse/answer-json.ts";
import { createAskedReader } from "./asked-bytes.ts";
import type { FileHead } from "./bytes.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { isOutputLine } from "./line.ts";
import { createLinesReader } from "./lines.ts";

/** A file's first line that is longer is none of a batch's output, unless it says so early. */
const MOST_FIRST = 1024 * 1024;
const BRACE = 0x7b;

/** Opens the reader; `isOutput` where the file is known to be a batch's output. Else its first line tells. */
export function createFileReader(context: AnswerContext, head: FileHead, isOutput: boolean): AnswerReader {
  if (isOutput) return createLinesReader(context, head);
  if (context.request.route.operation !== "files.content" || head.status !== 200)
    return createAskedReader(context, head);
  const chunks: Buffer[] = [];
  let size = 0;
  let reader: AnswerReader | null = null;

  function decide(): AnswerReader {
    const first = Buffer.concat(chunks, size);
    reader = looksLikeOutput(first) ? createLinesReader(context, head) : createAskedReader(context, head);
    for (const chunk of chunks) reader.push(chunk);
    return reader;
  }

  return {
    push(chunk) {
      if (reader !== null) return reader.push(chunk);
      chunks.push(chunk);
      size += chunk.length;
      const isToldEarly = chunks[0]?.[0] !== undefined && chunks[0][0] !== BRACE;
      if (isToldEarly || chunk.includes("\n") || size > MOST_FIRST) decide();
    },
    end() {
      (reader ?? decide()).end();
    },
    fail(error) {
      (reader ?? createAskedReader(context, head)).fail(error);
    },
  };
}

/** Tells a batch's output by its first bytes: by its first line, or, where that goes on, by what such a line says early. */
export function looksLikeOutput(first: Buffer): boolean {
  if (first[0] !== BRACE) return false;
  const newline = first.indexOf("\n");
  const text = first.toString("utf8", 0, newline === -1 ? first.length : newline);
  try {
    return isOutputLine(parseAnswerJson(text, "The line"));
  } catch {
    return newline === -1 && /"custom_id"\s*:/.test(text) && /"response"\s*:/.test(text);
  }
}
