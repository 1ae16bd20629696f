// The requests of the benchmark. Each request is of its own: numbers written into fixed places make it unlike all others.

/** A kind of request. */
export type Shape = {
  readonly name: string;
  readonly title: string;
  readonly template: Buffer;
  /** Where the running number is written. */
  readonly places: readonly number[];
  /** Requests in one round. */
  readonly count: number;
};

const DIGITS = 12;
const BLANK = "#".repeat(DIGITS);
const PROSE =
  "Summarise the notes of the meeting, list who promised what until when, and say which of the open questions matter most for the next release. ";

/** Lists the shapes. */
export function listShapes(): readonly Shape[] {
  const history = Array.from({ length: 100 }, (_, index) => turn(index, "012345678901"));
  const unseen = Array.from({ length: 100 }, (_, index) => turn(index, BLANK));
  return [
    toShape("small", "1 KB, unlike all before", [turn(0, BLANK)], 6000),
    toShape(
      "large",
      "100 KB of history resent with one new turn of 1 KB",
      [...history, turn(100, BLANK)],
      3000,
    ),
    toShape("large, first sight", "100 KB, unlike all before", unseen, 1200),
    toShape("stream", "1 KB, answered by 200 events", [turn(0, BLANK)], 800, true),
  ];
}

/** Writes the next request of a shape. */
export function writeRequest(shape: Shape, number: number): Buffer {
  const body = Buffer.from(shape.template);
  const digits = String(number).padStart(DIGITS, "0");
  for (const place of shape.places) body.write(digits, place, "latin1");
  return body;
}

function turn(index: number, mark: string): object {
  const text = `${mark} ${index} ${PROSE.repeat(7)}`.slice(0, 900);
  return { role: index % 2 === 0 ? "user" : "assistant", content: text };
}

function toShape(
  name: string,
  title: string,
  input: readonly object[],
  count: number,
  stream = false,
): Shape {
  const head = stream ? { stream: true } : {};
  const template = Buffer.from(JSON.stringify({ ...head, model: "gpt-4.1", input }));
  const places: number[] = [];
  for (let at = template.indexOf(BLANK); at !== -1; at = template.indexOf(BLANK, at + DIGITS))
    places.push(at);
  return { name, title, template, places, count };
}
