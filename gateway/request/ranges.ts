// Sends a request for a part of a file: of what must be judged as a whole the whole is asked for.
import { toFileKind } from "../answer/file-answer.ts";
import { looksLikeOutput } from "../answer/file-reader.ts";
import { createTextLook } from "../answer/text-look.ts";
import type { Route } from "../exchange.ts";
import type { Target, TargetAnswer, TargetCall, TargetRequest } from "../forward/target.ts";
import { BATCH_OUTPUT } from "../parse/other-answer.ts";
import type { Ledger } from "../record/ledger.ts";

/** So many bytes of a file tell what it is. */
const PROBE = 4096;
const ABOUT_PARTS: ReadonlySet<string> = new Set(["if-range", "range"]);

/** What must be judged as a whole. */
export type Judging = {
  /** This file, which is a batch's output. */
  readonly isOutput: boolean;
  /** This file, if it turns out to be one. */
  readonly mayBeOutput: boolean;
  /** Every text. */
  readonly isSearched: boolean;
};

/** Tells whether a request fetches a file that is known as a batch's output. */
export async function isBatchOutput(
  ledger: Pick<Ledger, "owner">,
  connection: string,
  { operation, objects: [file] }: Route,
): Promise<boolean> {
  if (operation !== "files.content" || file === undefined) return false;
  return (await ledger.owner(connection, BATCH_OUTPUT, file.id)) !== null;
}

/** Says what of a route's answers must be judged as a whole. What nobody reads, nobody judges. */
export function toJudging({ operation, spec }: Route, isOutput: boolean, searchesFiles: boolean): Judging {
  const isSearched = searchesFiles && spec.answer === "bytes";
  return { isOutput, mayBeOutput: operation === "files.content", isSearched };
}

function asksForPart(headers: readonly string[]): boolean {
  return headers.some((name, index) => index % 2 === 0 && name === "range");
}

/** Gives headers without those that ask for a part. */
function withoutPart(headers: readonly string[]): string[] {
  return headers.filter((_, index) => !ABOUT_PARTS.has(headers[index - (index % 2)] ?? ""));
}

/**
 * Sends a request. Where it asks for a part, looks at the beginning of the file, and then asks for the part, or for the
 * whole where that is what must be judged. A program is answered with 200 then, as any server may (RFC 9110 §14.2).
 */
export function sendForPart(
  target: Pick<Target, "send">,
  request: TargetRequest,
  judging: Judging,
  answer: TargetAnswer,
): TargetCall {
  const isLookedAt = judging.isOutput || judging.mayBeOutput || judging.isSearched;
  if (!isLookedAt || !asksForPart(request.headers)) return target.send(request, answer);
  const whole = { ...request, headers: withoutPart(request.headers) };
  if (judging.isOutput) return target.send(whole, answer);
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  let isPart = false;
  let isCalledText = false;

  function go(asked: TargetRequest): void {
    if (isOver) return;
    isOver = true;
    call = target.send(asked, answer);
  }

  function isJudgedWhole(): boolean {
    const first = Buffer.concat(chunks, size);
    if (judging.mayBeOutput && looksLikeOutput(first)) return true;
    if (!judging.isSearched) return false;
    const look = createTextLook(isCalledText);
    look.push(first);
    look.end();
    return !look.isBinary;
  }

  const probe = { ...whole, headers: [...whole.headers, "range", `bytes=0-${PROBE - 1}`] };
  let call = target.send(probe, {
    onHead(status, headers) {
      isPart = status === 206;
      isCalledText = toFileKind(headers).isCalledText;
    },
    onData(chunk) {
      size += chunk.length;
      chunks.push(chunk);
      if (isPart && size <= PROBE) return;
      // It knows no parts.
      call.abort();
      go(whole);
    },
    onEnd: () => go(isPart && !isJudgedWhole() ? request : whole),
    onError(error) {
      if (!isOver) answer.onError(error);
      isOver = true;
    },
  });
  return {
    pause: () => call.pause(),
    resume: () => call.resume(),
    abort() {
      isOver = true;
      call.abort();
    },
  };
}
