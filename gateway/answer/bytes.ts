// Reads an answer that is a file: passed on as it comes, searched while it does where it is a text.
import { toRefusal } from "../apply/refusal.ts";
import type { Finding, Segment, Usage } from "../exchange.ts";
import { requireUnmasked } from "../mask/masks.ts";
import { NO_CONTENT, toTextContent } from "../judge.ts";
import type { Content } from "../judge.ts";
import { estimateUsage } from "./context.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { createTextLook } from "./text-look.ts";
import type { TextLook } from "./text-look.ts";
import { createRawOutput } from "./raw-output.ts";
import { createTally } from "./tally.ts";

/** A text longer than this is searched, and not kept for rules that read texts or have them recorded. */
const MOST_KEPT = 1024 * 1024;

/** Bytes and where their text ends; as long as it is not known whether they are text, nowhere. */
type Waiting = { readonly bytes: Buffer; until: number };

/** What is known of a file when its head has come. */
export type FileHead = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** It is called text, by its media type. */
  readonly isCalledText: boolean;
  /** Nothing of it is understood: it is passed on unread. */
  readonly isUnread: boolean;
  /** Objects that the head names. */
  readonly objects: readonly { readonly kind: string; readonly id: string }[];
};

/** Tells whether the texts of files are searched. */
export function searchesFiles({
  judge,
  keepsTexts,
  masks,
}: Pick<AnswerContext, "judge" | "keepsTexts" | "masks">): boolean {
  return masks.applies("answer") || judge.speaksIn("finding") || judge.speaksIn("end") || keepsTexts;
}

/** Opens the reader of a file whose head has arrived and has not been sent. */
export function createBytesReader(context: AnswerContext, head: FileHead): AnswerReader {
  const { judge, id, request } = context;
  const { status } = head;
  const isSearched = !head.isUnread && searchesFiles(context);
  const tally = createTally();
  const scanner = context.scanner.stream("other");
  const waiting: Waiting[] = [];
  let look: TextLook | null = isSearched ? createTextLook(head.isCalledText) : null;
  let chars = 0;
  let kept = "";
  let isCut = false;
  /** The answer's rules have not let it begin yet. */
  let isHeld = false;
  let isEnded = false;
  /** A refusal is being written down: what comes is nobody's. */
  let isRefusing = false;

  function toEndUsage(): Usage | null {
    const isMade = request.route.spec.namesModel && status === 200;
    return isMade ? estimateUsage(request.facts.chars, chars) : null;
  }
  context.describe(() => ({ model: null, responseId: null, usage: toEndUsage() }));

  const {
    send,
    fail,
    isOver,
    end: close,
  } = createRawOutput(context, head, () => {
    waiting.length = 0;
  });

  function release(decided: number): void {
    if (isHeld) return;
    while (waiting[0] !== undefined && waiting[0].until <= decided) {
      const first = waiting.shift();
      if (first !== undefined) send(first.bytes);
    }
  }

  function toSegments(): readonly Segment[] {
    return kept === ""
      ? []
      : [{ pointer: "", kind: "other", role: "none", text: kept, part: { of: "file" } }];
  }

  /** A rule that reads texts is not given a part for the whole. */
  function toContent(): Content {
    return toTextContent(toSegments, isCut ? Number.POSITIVE_INFINITY : kept.length);
  }

  function judgeFinding(): void {
    if (!judge.speaksIn("finding")) return;
    const { patterns, findings } = tally;
    const verdict = context.ask("finding", { patterns, findings }, toContent());
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    if (refusal === null) return;
    isRefusing = true;
    waiting.length = 0;
    context.decided(verdict, "deny", []).then(() => fail(refusal), fail);
    throw refusal;
  }

  function note(found: readonly Finding[]): void {
    if (tally.add(found)) judgeFinding();
    requireUnmasked(context.masks, found, "other");
  }

  function take(text: string): void {
    chars += text.length;
    if (!isCut && kept.length + text.length <= MOST_KEPT) kept += text;
    else isCut = true;
    note(scanner.push(text));
  }

  async function judgeStart(): Promise<void> {
    const answer = { status, stream: false, model: null };
    const verdict = context.ask("answer", { answer }, NO_CONTENT);
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    if (refusal === null) return;
    await context.decided(verdict, "deny", []);
    throw refusal;
  }

  async function finish(): Promise<void> {
    if (look !== null) {
      const text = look.end();
      if (text !== null && text !== "") take(text);
      note(scanner.end());
    }
    if (judge.speaksIn("end") && !head.isUnread) {
      const { patterns, findings } = tally;
      const usage = toEndUsage();
      const answer = { status, stream: false, model: null };
      const asked = { patterns, findings, answer, ...(usage !== null && { usage }) };
      const verdict = context.ask("end", asked, toContent());
      const refusal = toRefusal(verdict.decision, judge.rules, id);
      if (refusal !== null) {
        await context.decided(verdict, "deny", []);
        throw refusal;
      }
    }
    if (context.keepsTexts && kept !== "") await context.keepTexts(toSegments());
    await context.close({
      outcome: "completed",
      httpStatus: status,
      errorCode: null,
      model: null,
      usage: toEndUsage(),
      responseId: null,
    });
    if (isOver() || isRefusing) return;
    release(Number.POSITIVE_INFINITY);
    close();
  }

  function end(): void {
    isEnded = true;
    if (isOver() || isHeld || isRefusing) return;
    finish().catch(settleRefusal);
  }

  /** What `judgeFinding` has thrown is told once it is written down. */
  function settleRefusal(error: unknown): void {
    if (!isRefusing) fail(error);
  }

  const starting = judge.speaksIn("answer") && !head.isUnread ? judgeStart() : null;
  // What the head names is the caller's before the head goes out.
  const owning = context.own(head.objects);
  if (starting !== null || owning !== null) {
    isHeld = true;
    context.target.pause();
    Promise.all([starting, owning]).then(() => {
      isHeld = false;
      release(chars - scanner.pending);
      context.target.resume();
      if (isEnded) end();
    }, fail);
  }

  return {
    push(chunk) {
      if (isOver() || isRefusing) return;
      try {
        if (look === null) {
          if (isHeld) waiting.push({ bytes: chunk, until: 0 });
          else send(chunk);
          return;
        }
        const text = look.push(chunk);
        waiting.push({ bytes: chunk, until: Number.POSITIVE_INFINITY });
        if (look.isBinary) look = null;
        if (look === null) release(Number.POSITIVE_INFINITY);
        if (text === null) return;
        take(text);
        for (const one of waiting) if (one.until === Number.POSITIVE_INFINITY) one.until = chars;
        release(chars - scanner.pending);
      } catch (error) {
        settleRefusal(error);
      }
    },
    end,
    fail,
  };
}
