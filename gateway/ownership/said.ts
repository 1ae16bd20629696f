// Names what models said by keyed digests: taints stick to them, and sessions are found by them.
import type { Caller } from "../exchange.ts";
import type { ParsedItem, ParsedRequest } from "../parse/parsed.ts";
import { readSaid } from "../parse/said.ts";
import type { Said } from "../parse/said.ts";
import { continueHistory } from "../record/history.ts";
import type { Token } from "../record/history.ts";

type Digest = (text: string) => string;
type Owner = Pick<Caller, "tenant" | "issuer" | "subject">;

/** No model says so much at once: what is longer is named by both its ends and its length, so that nobody waits for it. */
const LONGEST = 262_144;

function toNamed(text: string): readonly (string | number)[] {
  if (text.length <= LONGEST) return [text];
  return [text.length, text.slice(0, LONGEST / 2), text.slice(-LONGEST / 2)];
}

/** Gives what stands for an item where a history is told from others. */
function toToken(said: Said, digest: Digest): Token {
  const [call] = said.calls;
  if (call !== undefined) return { isCall: true, digest: digest(JSON.stringify(["said", "call", call])) };
  if (said.text === "") return null;
  return { isCall: false, digest: digest(JSON.stringify(["said", "text", ...toNamed(said.text)])) };
}

/**
 * Gives the names to which a taint of an item sticks. They are the caller's own: a text that a model says to one
 * caller as well as to another taints neither by the other.
 */
export function toMarks(said: Said, digest: Digest, { tenant, issuer, subject }: Owner): string[] {
  const toMark = (kind: string, value: string): string =>
    `said:${digest(JSON.stringify(["mark", tenant, issuer, subject, kind, ...toNamed(value)]))}`;
  const marks = said.calls.map((id) => toMark("call", id));
  if (said.id !== null) marks.push(toMark("id", said.id));
  if (said.text !== "") marks.push(toMark("text", said.text));
  return marks;
}

/** Gives the digest under which the next turn finds the session, null where nothing was answered. */
export function continueSession(history: string, answer: readonly Said[], digest: Digest): string | null {
  return continueHistory(
    history,
    answer.values().map((said) => toToken(said, digest)),
  );
}

/** Tells whether the model wrote an item. */
export function isFromModel({ role, callId }: ParsedItem): boolean {
  return role === "assistant" || callId !== null;
}

/** Gives the token of an item that stands in a request; what is resent again and again is digested once. */
export function findToken(item: ParsedItem | undefined, digest: Digest): Token {
  if (item === undefined) return null;
  return remember(item, "token", () => toToken(readSaid(item.value), digest), isToken);
}

/** Gives the names by which taints reach a request: of all that a model wrote, and of outputs of its calls. */
export function listMarks(request: ParsedRequest, digest: Digest, caller: Owner): string[] {
  const key = `marks ${JSON.stringify([caller.issuer, caller.subject])}`;
  return request.items.flatMap((item) => {
    if (!isFromModel(item) && item.callOutput === null && item.type !== "item_reference") return [];
    return remember(item, key, () => toMarks(readSaid(item.value), digest, caller), isMarks);
  });
}

function remember<T>(item: ParsedItem, key: string, make: () => T, is: (value: unknown) => value is T): T {
  const known = item.derived.get(key);
  if (is(known)) return known;
  const made = make();
  item.derived.set(key, made);
  return made;
}

function isToken(value: unknown): value is Token {
  return value === null || (typeof value === "object" && "isCall" in value);
}

function isMarks(value: unknown): value is string[] {
  return Array.isArray(value);
}
