// Values of fields are masked in JSON texts however these are cut and written; what is not JSON stays as it is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDetectors } from "../detect/detector.ts";
import type { Effect, Finding } from "../exchange.ts";
import { createMaskAccount } from "./account.ts";
import { applyEdits, createEditor, type Edit } from "./edits.ts";
import { withFieldStreams } from "./field-scan.ts";
import { createJsonPlace } from "./json-place.ts";
import { maskText } from "./mask-text.ts";
import { createMasks, type Direction } from "./masks.ts";

const detector = createDetectors()({});
const card = ["4111", "1111", "1111", "1111"].join("");

type Options = { readonly effects?: readonly Effect[]; readonly direction?: Direction };

function open({ effects = [{ code: "m", fields: ["ssn"] }], direction = "answer" }: Options) {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(effects);
  const editor = createEditor(masks, direction, Buffer.alloc(32), () => undefined);
  return { editor, scanner: withFieldStreams(detector, masks), direction };
}

function mask(text: string, options: Options = {}): string {
  const { editor, scanner, direction } = open(options);
  return maskText(editor, text, scanner.scan(text, "message", direction), "message")?.text ?? text;
}

/** Masks a text that comes in pieces; what is decided can't change any more. */
function maskPieces(text: string, sizes: readonly number[], options: Options = {}): string {
  const { editor, scanner, direction } = open(options);
  const stream = scanner.stream("message", direction);
  const place = createJsonPlace();
  const edits: Edit[] = [];
  let sent = "";
  let at = 0;
  let decided = 0;
  function take(found: readonly Finding[], until: number): void {
    const first = edits.length;
    const split = place.split(text.slice(0, at), found);
    editor.edit(edits, split, "message", (start, end) => text.slice(start, end));
    expect(edits[first]?.start ?? decided).toBeGreaterThanOrEqual(decided);
    if (found.length > 0) place.quote(text.slice(0, at), edits, first);
    sent += applyEdits(text.slice(decided, until), edits, decided);
    decided = until;
  }
  for (let k = 0; at < text.length; k += 1) {
    const piece = text.slice(at, at + (sizes[k % sizes.length] ?? 1));
    at += piece.length;
    const found = stream.push(piece);
    take(found, Math.max(decided, at - stream.pending));
  }
  take(stream.end(), text.length);
  return sent;
}

const redacted = "[REDACTED:field]";

describe("a field", () => {
  test("is masked by its name, the end of its path, or a pointer", () => {
    const text = '{"ssn":"a","customer":{"ssn":"b","list":[{"ssn":"c"},7]}}';
    const by = (name: string): unknown =>
      JSON.parse(mask(text, { effects: [{ code: "m", fields: [name] }] }));
    expect(by("ssn")).toEqual({
      ssn: redacted,
      customer: { ssn: redacted, list: [{ ssn: redacted }, 7] },
    });
    expect(by("customer.ssn")).toEqual({ ssn: "a", customer: { ssn: redacted, list: [{ ssn: "c" }, 7] } });
    expect(by("list.ssn")).toEqual({ ssn: "a", customer: { ssn: "b", list: [{ ssn: redacted }, 7] } });
    expect(by("/ssn")).toEqual({ ssn: redacted, customer: { ssn: "b", list: [{ ssn: "c" }, 7] } });
    expect(by("/customer/list/*/ssn")).toEqual({
      ssn: "a",
      customer: { ssn: "b", list: [{ ssn: redacted }, 7] },
    });
    expect(by("/customer/list/1")).toEqual({ ssn: "a", customer: { ssn: "b", list: [{ ssn: "c" }, 0] } });
    expect(mask('{"a.b":1,"a":{"b":2}}', { effects: [{ code: "m", fields: ["a.b"] }] })).toBe(
      '{"a.b":0,"a":{"b":0}}',
    );
    expect(mask('{"a/b":{"~":1}}', { effects: [{ code: "m", fields: ["/a~1b/~0"] }] })).toBe(
      '{"a/b":{"~":0}}',
    );
  });

  test("keeps its type, so that a schema still fits: a list becomes an empty one, of an object the members are masked", () => {
    const text =
      '{"ssn": "1", "ssn": -1.5e3, "ssn": true, "ssn": null, "ssn": [1, ["]"]], "ssn": {"a": "x", "b": {"c": [2]}}, "d": 1}';
    expect(mask(text)).toBe(
      `{"ssn": "${redacted}", "ssn": 0, "ssn": false, "ssn": null, "ssn": [], "ssn": {"a": "${redacted}", "b": {"c": []}}, "d": 1}`,
    );
    expect(mask('{"ssn":{"a":"}"},"d":1}', { direction: "request" })).toBe('{"ssn":{},"d":1}');
  });

  test("is found however its name is written, in strings that hold JSON, and in JSON by lines", () => {
    expect(mask('{"s\\u0073n":"1","ss\\u006E":"2"}')).toBe(
      `{"s\\u0073n":"${redacted}","ss\\u006E":"${redacted}"}`,
    );
    expect(mask('{"ssn":1}\n{"ssn":2}')).toBe('{"ssn":0}\n{"ssn":0}');
    const inner = JSON.stringify({ ssn: 'a"\\\n', n: [{ ssn: 5 }] });
    const nested = JSON.stringify({ output: inner, deep: JSON.stringify({ output: inner }) });
    const masked = JSON.stringify({ ssn: redacted, n: [{ ssn: 0 }] });
    expect(mask(nested)).toBe(JSON.stringify({ output: masked, deep: JSON.stringify({ output: masked }) }));
    expect(mask(JSON.stringify(inner))).toBe(JSON.stringify(masked));
    const pointer = {
      effects: [
        { code: "m", fields: ["/output/ssn"] },
        { code: "m", fields: ["/n/0/ssn"] },
      ],
    };
    expect(JSON.parse(mask(JSON.stringify({ output: inner }), pointer))).toEqual({ output: masked });
    expect(mask("{'ssn': 'it\\'s', 'b': 'c'}")).toBe(`{'ssn': "${redacted}", 'b': 'c'}`);
  });

  test("is masked to the end of a text that is cut off, or nested deeper than is read", () => {
    expect(mask('{"ssn":"12')).toBe(`{"ssn":"${redacted}"`);
    expect(mask('{"ssn":12')).toBe('{"ssn":0');
    expect(mask('{"ssn":[12,"')).toBe('{"ssn":[]');
    expect(mask('{"ssn":"1\\u00')).toBe(`{"ssn":"${redacted}"`);
    expect(mask('{"o":"{\\"ssn\\":\\"12"}')).toBe(`{"o":"{\\"ssn\\":\\"${redacted}\\""}`);
    const deep = `${'{"a":'.repeat(200)}"${"secret ".repeat(2)}"${"}".repeat(200)}`;
    expect(mask(deep)).not.toContain("secret");
    expect(JSON.parse(mask(deep))).toBeTypeOf("object");
  });

  test("is found in JSON that stands within other text, and in strings that hold such", () => {
    const said = (ssn: string): string =>
      `Here it is, don't ask:\n\`\`\`json\n{\n  "n": 1,\n  "customer": {"ssn": ${ssn}}\n}\n\`\`\`\nand {"ssn":${ssn}}.`;
    expect(mask(said('"a"'))).toBe(said(`"${redacted}"`));
    const output = (ssn: string): string =>
      JSON.stringify([{ type: "text", text: said(ssn) }, { text: '"Found:" [{"ssn":1}]' }]);
    expect(mask(output('"a"'))).toBe(output(`"${redacted}"`).replace('\\"ssn\\":1', '\\"ssn\\":0'));
    const pointer = { effects: [{ code: "m", fields: ["/customer/ssn"] }] };
    expect(mask(said("1"), pointer)).toBe(said("1").replace('"ssn": 1', '"ssn": 0'));
    expect(mask('[a link](x) {"ssn": 1} {{"ssn": 2} [see "ssn": 3')).toBe(
      '[a link](x) {"ssn": 0} {{"ssn": 0} [see "ssn": 3',
    );
  });

  test("is found behind what only looks like JSON", () => {
    for (const before of [
      'use {"a, then\n',
      '"A quotation\nthat goes on',
      'if (x) { "use strict"\n```\n',
      "see {'it\n",
    ])
      expect(mask(`${before} {"ssn":1}`)).toBe(`${before} {"ssn":0}`);
    // Of a field's own value nothing is told.
    expect(mask('see {"ssn":"a\nb", "n": 1}')).toBe(`see {"ssn":"${redacted}", "n": 1}`);
    const pointer = { effects: [{ code: "m", fields: ["/ssn"] }] };
    expect(mask('{"open":\n```json\n{"ssn":1}\n```', { ...pointer })).toContain('"ssn":1');
    expect(mask('see {"open":\n```json\n{"ssn":1}\n```', { ...pointer })).toContain('"ssn":0');
  });

  test("is not looked for in what is no JSON", () => {
    for (const text of [
      'my "ssn": "1"',
      "{name} ssn: 1",
      "[a link](x), {name} and [1]",
      "",
      "  ",
      '"ssn": 1',
      "ssn",
    ])
      expect(mask(text)).toBe(text);
  });

  test("has a token of its value, and shows its end, where the mask says so; what is too long is redacted", () => {
    const by = (operator: Effect["with"], text: string): string =>
      mask(text, { effects: [{ code: "m", fields: ["ssn"], ...(operator && { with: operator }) }] });
    const token = by("token", '{"ssn":"Ada \\u0041"}');
    expect(token).toMatch(/^\{"ssn":"\[FIELD_[A-Z2-7]{16}\]"\}$/);
    expect(by("token", '{"ssn":"Ada A"}')).toBe(token);
    expect(by("token", '{"o":"{\\"ssn\\":\\"Ada A\\"}"}')).toContain(token.slice(8, -2));
    expect(by("token", token)).toBe(token);
    expect(by("last4", `{"ssn":"${card}"}`)).toBe('{"ssn":"************1111"}');
    expect(by("fixed", '{"ssn":""}')).toBe('{"ssn":"********"}');
    expect(by("token", `{"ssn":"${"x".repeat(5000)}"}`)).toBe(`{"ssn":"${redacted}"}`);
    expect(by("detect", '{"ssn":"a"}')).toBe('{"ssn":"a"}');
    expect(() => by("block", '{"ssn":"a"}')).toThrow("a value of the class field, which may not pass");
    expect(by("block", '{"ssn":null}')).toBe('{"ssn":null}');
  });

  test("stands for what else is masked in it, unless that is blocked", () => {
    const effects: Effect[] = [
      { code: "m", fields: ["ssn"] },
      { code: "m", class: "credit_card", with: "fixed" },
    ];
    expect(mask(`{"ssn":"a ${card}","n":"${card}"}`, { effects })).toBe(
      `{"ssn":"${redacted}","n":"********"}`,
    );
    expect(mask(`{"ssn":${card}}`, { effects })).toBe('{"ssn":0}');
    const blocked: Effect[] = [
      { code: "m", fields: ["ssn"] },
      { code: "b", class: "credit_card", with: "block" },
    ];
    expect(() => mask(`{"ssn":"${card}"}`, { effects: blocked })).toThrow("credit_card");
  });
});

const name = fc.constantFrom("ssn", "customer", "n", "s\u0301", 'q"', "a.b");
const leaf = fc.oneof(
  fc.constantFrom("SECRETVALUE\n", 'SECRET"VALUE', "SECRETVALUE\\", card, "{not json", "é😀SECRETVALUE", ""),
  fc.constantFrom(0, 12.5, -1e21, true, false, null, Number(card)),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("object"), tie("text")),
  list: fc.array(tie("tree"), { maxLength: 3 }),
  object: fc
    .array(fc.tuple(name, tie("tree")), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
  text: tie("object").map((value) => JSON.stringify(value)),
}));
const document = fc
  .tuple(fc.array(fc.tuple(name, tree), { minLength: 1, maxLength: 4 }), fc.constantFrom(0, 1), fc.boolean())
  .map(([entries, space, isEscaped]) => {
    const text = JSON.stringify(Object.fromEntries(entries), null, space);
    return isEscaped ? text.replaceAll("ssn", "\\u0073sn") : text;
  });
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
const both = fc.constantFrom<Direction>("request", "answer");
const operators = fc.constantFrom<Effect["with"]>("redact", "token", "last4", "fixed");

/** Gives the value with the fields masked, as a program would that has parsed it. */
function expectClean(value: unknown, isIn: boolean, depth = 0): void {
  if (typeof value === "string") {
    if (isIn) expect(value).not.toMatch(/SECRETVA|ECRETVAL|CRETVALU|RETVALUE|SECRET"V|4111111/);
    if (/^\s*[{["]/.test(value) && depth < 2 && isJson(value))
      expectClean(JSON.parse(value), isIn, depth + 1);
  } else if (typeof value === "number") {
    if (isIn) expect(value).toBe(0);
  } else if (Array.isArray(value)) {
    if (isIn) expect(value).toEqual([]);
    for (const one of value) expectClean(one, isIn, depth);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, one] of Object.entries(value)) expectClean(one, isIn || key === "ssn", depth);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("a field comes before what was found in it first", () => {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add([{ code: "m", fields: ["ssn"] }]);
  const value = { id: "v", class: "v", start: 7, end: 10 };
  const values = { push: (piece: string) => (piece === "123" ? [value] : []), end: () => [], pending: 0 };
  const stream = withFieldStreams({ scan: () => [], stream: () => values }, masks).stream("message");
  expect(stream.push('{"ssn":')).toEqual([]);
  expect(stream.push("123")).toEqual([]);
  expect(stream.pending).toBe(3);
  expect(stream.push("}").map(({ id, start, end }) => [id, start, end])).toEqual([
    ["field", 7, 10],
    ["v", 7, 10],
  ]);
});

describe("however a text is cut", () => {
  const effectsOf = (operator: Effect["with"]): Effect[] => [
    { code: "m", fields: ["ssn"], ...(operator && { with: operator }) },
    { code: "m", class: "credit_card", with: "fixed" },
  ];

  test("it is masked as the whole is, stays JSON, and no piece of a field is left", () => {
    fc.assert(
      fc.property(document, sizes, both, operators, (text, cuts, direction, operator) => {
        const options = { effects: effectsOf(operator), direction };
        const whole = mask(text, options);
        expect(maskPieces(text, cuts, options)).toBe(whole);
        if (operator !== "last4") expectClean(JSON.parse(whole), false);
        else JSON.parse(whole);
      }),
      { numRuns: 150 },
    );
  });

  test("so is a field that a value before it seems to go on into", () => {
    const text = '{"note":"password:\\".","n":[{"ssn":"SSN\\"VALUE"},1]}';
    const options = { effects: [...effectsOf("redact"), { code: "m", class: "secret" }] };
    const whole = mask(text, options);
    expect(JSON.parse(whole)).toHaveProperty("note", 'password:"[REDACTED:secret]');
    expect(whole).toMatch(/:"\[REDACTED:field\]"\},1\]\}$/);
    for (let size = 1; size <= text.length; size += 1) expect(maskPieces(text, [size], options)).toBe(whole);
  });

  test("so is a value that is too long to wait for", () => {
    for (const length of [4090, 4094, 4095, 4096, 5000]) {
      const value = "SECRETVAL\n".repeat(500).slice(0, length);
      const text = JSON.stringify({ o: JSON.stringify({ ssn: value, n: 1 }), ssn: value, n: [value] });
      for (const operator of ["token", "redact"] as const) {
        const options = { effects: effectsOf(operator) };
        const whole = mask(text, options);
        expectClean(JSON.parse(whole), false);
        for (const size of [7, 61, 4097]) expect(maskPieces(text, [size], options)).toBe(whole);
      }
      const list = `{"ssn":[${JSON.stringify(value)}],"n":1}`;
      expect(maskPieces(list, [100])).toBe('{"ssn":[],"n":1}');
    }
  });

  test("so is one that breaks off anywhere", () => {
    fc.assert(
      fc.property(document, fc.double({ min: 0, max: 1, noNaN: true }), sizes, (text, share, cuts) => {
        const cut = text.slice(0, Math.floor(text.length * share));
        const options = { effects: effectsOf("redact") };
        expect(maskPieces(cut, cuts, options)).toBe(mask(cut, options));
      }),
      { numRuns: 200 },
    );
  });

  test("any text at all is masked alike, and one without fields keeps its bytes", () => {
    const part = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      ":",
      ",",
      "\\",
      "\\u0073",
      "ssn",
      "null",
      "1",
      " ",
      "\n",
      "x",
      "\\u00",
      "`",
      "\\n",
      '{"ssn":"',
      "😀",
    );
    const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, sizes, (one, cuts) => {
        expect(maskPieces(one, cuts)).toBe(mask(one));
        const other = { effects: [{ code: "m", fields: ["no.such.field"] }] };
        expect(maskPieces(one, cuts, other)).toBe(one);
      }),
      { numRuns: 500 },
    );
  });

  test("it is read in linear time, whatever it opens and never closes", () => {
    for (const text of [
      '{"a":'.repeat(40_000),
      "[".repeat(200_000),
      `{"ssn":"${"\\".repeat(200_000)}`,
      '{"a":"{'.repeat(30_000),
      "x {".repeat(60_000),
      '{"'.repeat(100_000),
      `"${'x {\\"ssn\\":'.repeat(20_000)}`,
    ]) {
      const { scanner } = open({});
      const stream = scanner.stream("message", "answer");
      for (let i = 0; i < text.length; i += 1000) stream.push(text.slice(i, i + 1000));
      stream.end();
    }
  });
});
