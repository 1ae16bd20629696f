// Reads an answer that is a file: passed on as it comes, searched and masked while it does where it is a text.
import { toRefusal } from "../apply/refusal.ts";
import type { Finding, Text, Usage } from "../exchange.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { createPieceMasker } from "../mask/mask-pieces.ts";
import type { MaskedPiece } from "../mask/mask-pieces.ts";
import { requireUnmasked, toUnmaskableAnswer } from "../mask/masks.ts";
import type { TextPiece } from "../mask/text-pieces.ts";
import { NO_CONTENT, toTextContent } from "../judge.ts";
import type { Content } from "../judge.ts";
import { createBareTexts, type BareTexts } from "./bare-texts.ts";
import { estimateUsage } from "./context.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { createTextLook } from "./text-look.ts";
import type { TextLook } from "./text-look.ts";
import { createRawOutput } from "./raw-output.ts";
import { createTally } from "./tally.ts";

/** A text longer than this is searched, and not kept for rules that read texts or have them recorded. */
const MOST_KEPT = 1024 * 1024;

/** A text that is shorter is known whole before its head goes out, which then tells its length. */
const MOST_READY = 64 * 1024;
const PARTIAL = 206;

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
  let look: TextLook | null = isSearched ? createTextLook(head.isCalledText) : null;
  /** What searches it where it is none. */
  let bare: BareTexts | null = null;
  /** What came while it is not known whether it is a text. */
  let unknown: Buffer[] = [];
  /** What may go out, once the head may. */
  let ready: Buffer[] = [];
  let readySize = 0;
  let isChanged = false;
  let chars = 0;
  let kept = "";
  let isCut = false;
  /** The text as it goes out, for the record. */
  let shown = "";
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

  const going = { status, headers: head.headers };
  const {
    send,
    fail,
    isOver,
    end: close,
  } = createRawOutput(context, going, () => {
    ready = [];
    unknown = [];
  });
  const toRefusalOf = (ofClass: string): Error =>
    toUnmaskableAnswer(context.masks, { id: null, class: ofClass }, "other");
  /** A part begins anywhere in its text: where in JSON that is nobody can say. */
  const hasFields = status === PARTIAL && context.masks.fields("other", "answer") !== null;
  const masker = createPieceMasker({
    stream: context.scanner.stream("other"),
    editor: context.editor,
    kind: "other",
    place: "",
    onFound: note,
    toRefusal: toRefusalOf,
  });

  /** Sends what is ready; what else comes of a text may make it longer or shorter. */
  function flush(isAll: boolean): void {
    const isOpen = !context.sink.begun && look !== null && status !== PARTIAL;
    if (isHeld || (isOpen && !isAll && readySize < MOST_READY)) return;
    if (isOpen && (isChanged || !isAll)) {
      going.headers = withoutWhole(head.headers);
      if (isAll) going.headers = { ...going.headers, "content-length": String(readySize) };
    }
    for (const bytes of ready) send(bytes);
    ready = [];
    readySize = 0;
  }

  function give(bytes: Buffer): void {
    ready.push(bytes);
    readySize += bytes.length;
  }

  function giveMasked(pieces: readonly MaskedPiece[]): void {
    for (const piece of pieces) {
      isChanged ||= piece.isChanged;
      if (!isCut) shown += piece.text;
      give(piece.bytes);
    }
  }

  function toSegments(text: string): readonly Text[] {
    return text === "" ? [] : [{ pointer: "", kind: "other", role: "none", text, part: { of: "file" } }];
  }

  /** A rule that reads texts is not given a part for the whole. */
  function toContent(): Content {
    return toTextContent(() => toSegments(kept), isCut ? Number.POSITIVE_INFINITY : kept.length);
  }

  function judgeFinding(): void {
    if (!judge.speaksIn("finding")) return;
    const { patterns, findings } = tally;
    const verdict = context.ask("finding", { patterns, findings }, toContent());
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    if (refusal === null) return;
    isRefusing = true;
    ready = [];
    context.decided(verdict, "deny", []).then(() => fail(refusal), fail);
    throw refusal;
  }

  function note(found: readonly Finding[]): void {
    if (tally.add(found)) judgeFinding();
  }

  /** Gives what is known to be no text; what must be masked in it refuses it, as it cannot be written anew. */
  function giveBinary(): void {
    if (look?.isBinary === true) {
      look = null;
      bare = createBareTexts(context.nameScanner, status === PARTIAL, (found) => {
        note(found);
        requireUnmasked(context.masks, found, "other");
      });
    }
    if (look !== null) return;
    for (const bytes of unknown)
      if (bare === null) give(bytes);
      else bare.push(bytes).forEach(give);
    unknown = [];
  }

  function take(pieces: readonly TextPiece[]): void {
    for (const piece of pieces) {
      const { text } = piece;
      if (hasFields && text !== "") throw toRefusalOf(FIELD_CLASS);
      chars += text.length;
      if (!isCut && kept.length + text.length <= MOST_KEPT) kept += text;
      else isCut = true;
      // A part that is masked would be none of the whole any more.
      giveMasked(masker.push(status === PARTIAL ? { ...piece, isExact: false } : piece));
    }
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
    const last = look?.end() ?? null;
    if (last !== null) {
      take(last);
      giveMasked(masker.end());
    } else {
      giveBinary();
      bare?.end().forEach(give);
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
    if (context.keepsTexts && shown !== "") await context.keepTexts(toSegments(shown));
    await context.close({
      outcome: "completed",
      httpStatus: status,
      errorCode: null,
      model: null,
      usage: toEndUsage(),
      responseId: null,
    });
    if (isOver() || isRefusing) return;
    flush(true);
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
      flush(false);
      context.target.resume();
      if (isEnded) end();
    }, fail);
  }

  return {
    push(chunk) {
      if (isOver() || isRefusing) return;
      try {
        const pieces = look?.push(chunk) ?? null;
        if (pieces !== null) {
          unknown = [];
          take(pieces);
        } else {
          unknown.push(chunk);
          giveBinary();
        }
        flush(false);
      } catch (error) {
        settleRefusal(error);
      }
    },
    end,
    fail,
  };
}

/** Headers that are of the file as the target has it. */
const OF_WHOLE: ReadonlySet<string> = new Set(["content-length", "content-range", "etag"]);

/** Gives the headers of a file that is written anew. */
export function withoutWhole(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_WHOLE.has(name)));
}
