// Masks a request's body: each item once as long as it is resent, and nothing but the texts in which something stands.
import { GatewayError } from "../errors.ts";
import type { Finding, Json, JsonObject, Segment } from "../exchange.ts";
import { findIn, type RequestScanner } from "../findings.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { getAt, isObject } from "../parse/pointer.ts";
import type { BodyEdits } from "../parse/rewrite.ts";
import { createWriter } from "../parse/write-at.ts";
import { isPartOfJson } from "../segment.ts";
import { createTurns } from "../turns.ts";
import { toNoted } from "./account.ts";
import { createEditor, type Editor } from "./edits.ts";
import { withFields } from "./field-scan.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { maskText } from "./mask-text.ts";
import type { Masks } from "./masks.ts";
import type { Placeholders } from "./placeholders.ts";
import { toDropped, writeChanges, type Change } from "./write-changes.ts";

/** A request's body with its values masked. */
export type MaskedRequest = {
  readonly edits: BodyEdits;
  /** The whole body. */
  body(): JsonObject;
};

/** Told the class of each value that was masked. */
export type OnMasked = (ofClass: string, code: string) => void;

/**
 * Masks the texts of a JSON body, and lets others go first between them; null where nothing of it is masked.
 *
 * @throws GatewayError `policy_denied` where a class is blocked, or a value stands where it cannot be masked.
 */
export async function maskRequest(
  request: ParsedRequest,
  scanner: RequestScanner,
  masks: Masks,
  key: Buffer,
  onMasked: OnMasked,
  placeholders: Placeholders | null = null,
): Promise<MaskedRequest | null> {
  if (!masks.applies("request")) return null;
  const editor = createEditor(masks, "request", key, onMasked, placeholders);
  const fielded = withFields(scanner, masks);
  const toChanges = createToChanges(editor, masks);
  const replace = new Map<number, Json>();
  for (const [index, item] of request.items.entries()) {
    const found = findIn(fielded, item.derived, item.segments);
    if (found.length === 0) continue;
    const changes = await toChanges(found, item.value, item.pointer);
    if (changes.length > 0) replace.set(index, writeChanges(item.value, changes));
  }
  const found = findIn(fielded, request.restDerived, request.rest);
  const body = found.length === 0 || request.layout === null ? null : request.body();
  const changes = found.length === 0 ? [] : await toChanges(found, body, "");
  if (replace.size === 0 && changes.length === 0) return null;
  const changed = writeChanges(body, changes);
  const set: Record<string, Json> = {};
  for (const { pointer } of changes) {
    const name = (pointer.split("/")[1] ?? "").replaceAll("~1", "/").replaceAll("~0", "~");
    const value = isObject(changed) ? changed[name] : undefined;
    if (value !== undefined) set[name] = value;
  }
  return { edits: { replace, set }, body: () => putTogether(request, replace, set) };
}

/**
 * Refuses what is not masked as it is sent on: a value in what is no form, or where parts of an upload meet.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireMaskable(masks: Masks, findings: Readonly<Record<string, number>>): void {
  for (const ofClass in findings) {
    const mask = masks.pick(ofClass, "other", "request");
    if (mask === null) continue;
    const at = { direction: "request", kind: "other", place: null } as const;
    const noted = { ...toNoted({ id: "", class: ofClass }, mask, at, "unmaskable"), detector: null };
    masks.account.note(noted, null, { count: findings[ofClass] ?? 1 });
    throw unmaskable(ofClass, mask.code);
  }
}

/** Makes the refusal of a file in which a value of a class stands that cannot be masked. */
export function toUnmaskable(masks: Masks, ofClass: string, place: string): GatewayError {
  const fields = ofClass === FIELD_CLASS ? masks.fields("other", "request") : null;
  const mask = fields?.strictest ?? masks.pick(ofClass, "other", "request");
  if (mask === null) return unmaskable(ofClass, "");
  const at = { direction: "request", kind: "other", place } as const;
  const noted = { ...toNoted({ id: "", class: ofClass }, mask, at, "unmaskable"), detector: null };
  masks.account.note(noted, null);
  return unmaskable(ofClass, mask.code);
}

/**
 * Refuses a request whose texts are sent on as they came, where one of them must be masked.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireNoneToMask(request: ParsedRequest, scanner: RequestScanner, masks: Masks): void {
  if (!masks.applies("request")) return;
  const fielded = withFields(scanner, masks);
  for (const { derived, segments, pointer } of request.items)
    for (const found of findIn(fielded, derived, segments)) requireNone(masks, found, pointer);
  for (const found of findIn(fielded, request.restDerived, request.rest)) requireNone(masks, found, "");
}

function requireNone(
  masks: Masks,
  { segment: { pointer, kind, text }, findings }: Found,
  under: string,
): void {
  for (const one of findings) {
    const mask = masks.pickFor(one, kind, "request");
    if (mask === null) continue;
    const at = { direction: "request", kind, place: under + pointer } as const;
    masks.account.note(toNoted(one, mask, at, "unmaskable"), text.slice(one.start, one.end));
    throw unmaskable(one.class, mask.code);
  }
}

type Found = { readonly segment: Segment; readonly findings: readonly Finding[] };

/** Makes what gives the changes of texts in which something stands. */
function createToChanges(
  editor: Editor,
  masks: Masks,
): (found: readonly Found[], value: Json, under: string) => Promise<readonly Change[]> {
  const spend = createTurns();
  return async (found, value, under) => {
    const changes: Change[] = [];
    for (const each of found) {
      const { pointer, kind, text, part } = each.segment;
      // The text that it is a part of is masked as a whole.
      if (isPartOfJson(part)) continue;
      const wait = spend(text.length);
      if (wait !== null) await wait;
      if (part?.of === "logprobs") {
        if (each.findings.some((one) => masks.pickFor(one, kind, "request") !== null))
          changes.push(toDropped(pointer));
        continue;
      }
      if (part !== undefined || getAt(value, pointer) !== text) requireNone(masks, each, under);
      const masked = maskText(editor, text, each.findings, kind, under + pointer);
      if (masked !== null) changes.push({ pointer, from: text, to: masked.text, edits: masked.edits });
    }
    return changes;
  };
}

function unmaskable(ofClass: string, code: string): GatewayError {
  const message =
    `Refused by policy (${code}). A value of the class ${ofClass} must be masked, and stands where the gateway ` +
    "cannot mask it: in a name, in the address, in the description of a call, where two parts of an upload meet, or in " +
    "a file that is no plain text. Take it out, or send it as text in UTF-8.";
  return new GatewayError("policy_denied", message, { publicCode: code });
}

function putTogether(
  request: ParsedRequest,
  replace: ReadonlyMap<number, Json>,
  set: Readonly<Record<string, Json>>,
): JsonObject {
  const writer = createWriter({ ...request.body(), ...set });
  for (const [index, value] of replace) {
    const item = request.items[index];
    if (item !== undefined) writer.replace(item.pointer, value);
  }
  return isObject(writer.value) ? writer.value : {};
}
