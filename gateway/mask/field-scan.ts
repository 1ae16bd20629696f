// Puts the values of masked fields among what a scanner finds, in one order for each text.
import { hash } from "node:crypto";
import type { Finding, SegmentKind } from "../exchange.ts";
import { createFieldReader, type FieldReader } from "./field-reader.ts";
import type { Direction, Masks } from "./masks.ts";

type Scan = (text: string, kind: SegmentKind, direction: Direction, isPart?: boolean) => readonly Finding[];

/** Finds in a text that comes in pieces; all before `pending` is decided. */
type Stream = {
  push(text: string): readonly Finding[];
  end(): readonly Finding[];
  readonly pending: number;
  /** Gives what is known of the text so far, which goes out although it goes on. */
  cut?(): readonly Finding[];
};

type Streaming = { stream(kind: SegmentKind, direction?: Direction, isPart?: boolean): Stream };

/** Gives a scanner that finds the fields of an exchange's masks too; the same one where these name none. */
export function withFields(
  scanner: { readonly digest: string; readonly scan: Scan },
  masks: Masks,
): { readonly digest: string; readonly scan: Scan } {
  const { fieldsKey } = masks;
  if (fieldsKey === null) return scanner;
  return { digest: hash("sha256", scanner.digest + fieldsKey), scan: createScan(scanner, masks) };
}

/** As `withFields`, of texts in pieces too. */
export function withFieldStreams(
  scanner: { readonly scan: Scan } & Streaming,
  masks: Masks,
): { readonly scan: Scan } & Streaming {
  if (masks.fieldsKey === null) return scanner;
  return {
    scan: createScan(scanner, masks),
    stream(kind, direction = "answer", isPart = false) {
      const values = scanner.stream(kind, direction, isPart);
      const reader = isPart ? null : openReader(masks, kind, direction);
      return reader === null ? values : joinStreams(values, reader);
    },
  };
}

function createScan(scanner: { readonly scan: Scan }, masks: Masks): Scan {
  return (text, kind, direction, isPart = false) => {
    const values = scanner.scan(text, kind, direction, isPart);
    const reader = isPart ? null : openReader(masks, kind, direction);
    if (reader === null) return values;
    const found = [...reader.push(text), ...reader.end()];
    return found.length === 0 ? values : [...found, ...values].sort(compareFindings);
  };
}

/** An object in an answer keeps the names of its members, so that a program finds what its schema asks for. */
function openReader(masks: Masks, kind: SegmentKind, direction: Direction): FieldReader | null {
  const fields = masks.fields(kind, direction);
  return fields === null ? null : createFieldReader(fields, direction === "request");
}

/** Gives what both find by the order in which it begins, so that a field comes before what stands in it. */
export function joinStreams(values: Stream, reader: Stream): Stream {
  let received = 0;
  let waiting: Finding[] = [];

  function give(found: readonly Finding[], decided: number): readonly Finding[] {
    if (waiting.length === 0 && found.length === 0) return found;
    const all = [...waiting, ...found].sort(compareFindings);
    // What reaches into what is undecided waits too: a field may begin in it, and is masked as one.
    const first = all.findIndex(({ end }) => end > decided);
    waiting = first === -1 ? [] : all.slice(first);
    return first === -1 ? all : all.slice(0, first);
  }

  const stream = {
    pending: 0,
    push(text: string) {
      received += text.length;
      const found = [...reader.push(text), ...values.push(text)];
      const undecided = Math.max(reader.pending, values.pending);
      const given = give(found, received - undecided);
      stream.pending = Math.max(undecided, received - (waiting[0]?.start ?? received));
      return given;
    },
    end() {
      stream.pending = 0;
      return give([...reader.end(), ...values.end()], Number.POSITIVE_INFINITY);
    },
    cut: () => give([...(reader.cut?.() ?? []), ...(values.cut?.() ?? [])], Number.POSITIVE_INFINITY),
  };
  return stream;
}

/** Orders findings by where they begin, what goes on before a field, and a field before what stands in it. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    a.start - b.start ||
    Number(b.isMore === true) - Number(a.isMore === true) ||
    Number(a.field === undefined) - Number(b.field === undefined)
  );
}
