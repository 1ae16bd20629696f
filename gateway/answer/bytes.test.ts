// Files on their way to the caller: untouched, searched where they are texts, and stopped before what a rule refuses.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import { VALUES } from "../../test/made/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import type { Effect } from "../exchange.ts";
import { createMaskAccount } from "../mask/account.ts";
import { createEditor } from "../mask/edits.ts";
import { createMasks } from "../mask/masks.ts";
import { maskText } from "../mask/mask-text.ts";
import { createDetectorCompiler } from "../detect/values/values.ts";
import { createBytesReader } from "./bytes.ts";
import { openAnswer } from "./open-answer.ts";

const scanner = createDetectorCompiler(null)({ secret: { class: "secret", any: ["the secret word"] } });

const FILE = { status: 200, headers: {}, isCalledText: false, isUnread: false, objects: [] };

/** Reads a file in pieces; a rule refuses findings in the phases that are named. */
async function read(
  pieces: readonly Buffer[],
  options: {
    deny?: string;
    phases?: readonly ("answer" | "finding" | "end")[];
    called?: boolean;
    unread?: boolean;
  } = {},
) {
  const fake = createFake({
    operation: "files.content",
    scanner,
    phases: options.phases ?? ["finding", "end"],
    deny: (phase) => (phase === options.deny ? [{ code: "no_drop" }] : []),
  });
  const head = { ...FILE, isCalledText: options.called ?? false, isUnread: options.unread ?? false };
  const reader = createBytesReader(fake.context, head);
  for (const piece of pieces) {
    reader.push(piece);
    await new Promise(setImmediate);
  }
  reader.end();
  await fake.ended;
  return fake;
}

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const all = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return all.slice(1).map((end, index) => bytes.subarray(all[index], end));
};

describe("a file", () => {
  test("arrives byte for byte, text or not, however it is cut", async () => {
    const bodies = [
      randomBytes(20_000),
      Buffer.from("Grüße, the secret wor. ".repeat(900)),
      Buffer.from("kurz ü"),
      Buffer.alloc(0),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...bodies),
        fc.array(fc.nat(30_000), { maxLength: 6 }),
        async (body, places) => {
          const fake = await read(cut(body, places));
          expect(Buffer.from(fake.bytes()).equals(body)).toBe(true);
          expect(fake.status()).toBe(200);
          expect(fake.ends).toMatchObject([{ outcome: "completed", httpStatus: 200 }]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("that holds what a rule refuses is cut before it, wherever that stands", async () => {
    const before = "lorem ipsum ".repeat(5000);
    const body = Buffer.from(`${before}the secret word${" dolor".repeat(5000)}`);
    const secret = before.length;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(body.length), { maxLength: 5 }),
        fc.nat(15),
        async (places, within) => {
          const fake = await read(cut(body, [...places, secret + within]), { deny: "finding" });
          expect(fake.text()).not.toContain("the secret word");
          expect(fake.log).toContain("decided deny");
          expect(fake.ends).toMatchObject([{ outcome: "refused", errorCode: "no_drop" }]);
          if (fake.status() === 403) return;
          // A part must not pass for the whole.
          expect(fake.log.at(-1)).toBe("cut");
          expect(fake.bytes().length).toBeLessThanOrEqual(secret);
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each([
    ["short, of which nothing has left", Buffer.from("the secret word"), 403],
    ["UTF-16", Buffer.from(`\uFEFF${"the secret word ".repeat(9)}`, "utf16le"), 403],
    [
      "a text with strays",
      Buffer.concat([
        Buffer.from("a".repeat(500)),
        Buffer.from([0xff]),
        Buffer.from(" the secret word ".repeat(300)),
      ]),
      403,
    ],
  ])("is refused with a real status: %s", async (_, body, status) => {
    const fake = await read([body], { deny: "finding" });
    expect(fake.status()).toBe(status);
    expect(fake.text()).toContain("no_drop");
  });

  test("is refused at its end by a rule about the whole", async () => {
    const fake = await read([Buffer.from("short")], { deny: "end" });
    expect(fake.status()).toBe(403);
    expect(fake.text()).not.toContain("short");
  });

  test("is refused at its head, and nothing of it is read", async () => {
    const fake = await read([Buffer.from("a"), Buffer.from("b")], { deny: "answer", phases: ["answer"] });
    expect(fake.status()).toBe(403);
    expect(fake.ends).toMatchObject([{ outcome: "refused" }]);
  });

  test("waits for what its head is judged by, and then arrives", async () => {
    const fake = await read([Buffer.from("ab"), randomBytes(9000)], { phases: ["answer", "finding"] });
    expect(fake.status()).toBe(200);
    expect(fake.bytes().length).toBe(9002);
  });

  test("is searched whatever its bytes are, and whatever it is called", async () => {
    const body = Buffer.concat([Buffer.alloc(6000, 0x80), Buffer.from(" the secret word ")]);
    expect((await read([body], { deny: "finding", called: true })).status()).toBe(403);
    expect((await read([body], { deny: "finding" })).status()).toBe(403);
  });

  test("that nobody understands is not looked at", async () => {
    const fake = await read([Buffer.from("the secret word")], { deny: "finding", unread: true });
    expect(fake.text()).toBe("the secret word");
    expect(fake.contents).toEqual([]);
  });

  test("gives rules no part of a long text for the whole", async () => {
    const fake = await read([Buffer.from("lorem ipsum ".repeat(200_000))]);
    expect(fake.contents.at(-1)?.bytes).toBe(Number.POSITIVE_INFINITY);
  });

  test("that the target breaks off is cut off", async () => {
    const fake = createFake({ operation: "files.content", scanner, phases: [] });
    const answer = openAnswer(fake.context);
    answer.onHead(200, { "content-type": "application/octet-stream", "content-length": "10" });
    answer.onData(Buffer.from("abc"));
    const { GatewayError } = await import("../errors.ts");
    answer.onError(new GatewayError("target_broke_off", "It broke off."));
    await fake.ended;
    expect(fake.log.at(-1)).toBe("cut");
    expect(fake.ends).toMatchObject([{ outcome: "failed", errorCode: "target_broke_off" }]);
  });
});

const detector = createDetectors()({});
const mask: Effect[] = [
  { code: "m", class: "secret" },
  { code: "m", class: "credit_card", with: "last4" },
  { code: "m", class: "email", with: "token" },
];
const [{ value: key } = { value: "" }] = VALUES;

function toMasked(text: string): string {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(mask);
  const editor = createEditor(masks, "answer", Buffer.alloc(32), () => undefined);
  return maskText(editor, text, detector.scan(text, "other", "answer"), "other")?.text ?? text;
}

describe("a file in which values are masked", () => {
  const HEADERS = { "content-type": "text/plain", etag: '"x"' };

  async function fetchFile(
    pieces: readonly Buffer[],
    options: { status?: number; mask?: Effect[]; filename?: string; type?: string } = {},
  ) {
    const fake = createFake({
      operation: "files.content",
      scanner: detector,
      phases: [],
      mask: options.mask ?? mask,
    });
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const answer = openAnswer(fake.context);
    answer.onHead(options.status ?? 200, {
      ...HEADERS,
      ...(options.type !== undefined && { "content-type": options.type }),
      "content-length": String(size),
      ...(options.filename !== undefined && {
        "content-disposition": `attachment; filename="${options.filename}"`,
      }),
    });
    for (const piece of pieces) {
      answer.onData(piece);
      await new Promise(setImmediate);
    }
    answer.onEnd();
    await fake.ended;
    return fake;
  }

  test.each([
    ["report 2026-11 (3).txt", true],
    [`${key}.txt`, false],
    [key.replaceAll("-", "%2D"), false],
  ])("keeps its name, unless something in it must be masked: %#", async (filename, isKept) => {
    const headers = (await fetchFile([Buffer.from("x")], { filename })).headers();
    expect("content-disposition" in headers).toBe(isKept);
  });

  test("is the masked whole, however it is cut, and nothing of a value is left", async () => {
    const filler = 'Grüße, 漢字 and "lorem" ipsum. '.repeat(1500);
    const all = VALUES.map(({ value }) => value).join(` ${filler}\n`);
    for (const text of [
      `${filler} ${all} ${filler}`,
      `a ${key}`,
      VALUES.map(({ value }) => value).join("\n"),
    ]) {
      const whole = toMasked(text);
      expect(whole).not.toBe(text);
      const bytes = Buffer.from(text);
      const places = fc.array(fc.nat(bytes.length), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(places, async (places) => {
          const fake = await fetchFile(cut(bytes, places));
          expect(fake.text() === whole).toBe(true);
          expect(fake.ends).toMatchObject([{ outcome: "completed", httpStatus: 200 }]);
        }),
        { numRuns: 25 },
      );
    }
  });

  test("tells the length that it has where it is short, and none where it is long; no tag of the other bytes", async () => {
    const short = await fetchFile([Buffer.from(`the key is ${key}`)]);
    const written = "the key is [REDACTED:secret]";
    expect(short.text()).toBe(written);
    expect(short.headers()).toEqual({
      "content-type": "text/plain",
      "content-length": String(written.length),
    });
    const filler = Buffer.from("lorem ipsum ".repeat(20_000));
    const long = await fetchFile([filler, Buffer.from(`${key} end`)]);
    expect(long.headers()).toEqual({ "content-type": "text/plain" });
    expect(long.text().endsWith("[REDACTED:secret] end")).toBe(true);
    const plain = await fetchFile([Buffer.from("nothing to see")]);
    expect(plain.headers()).toEqual({ ...HEADERS, "content-length": "14" });
  });

  test.each([
    ["strayed into", Buffer.concat([Buffer.from(`key ${key} caf`), Buffer.from([0xe9, 0x20])]), 200],
    ["a part", Buffer.from(`key ${key} `), 206],
  ])("is refused where it is %s", async (_, bytes, status) => {
    const fake = await fetchFile([bytes], { status });
    expect(fake.status()).toBe(403);
    expect(fake.text()).not.toContain(key.slice(0, 8));
  });

  test("is refused in part where fields are masked, since nobody can say where in JSON a part begins", async () => {
    const ofFields = [{ code: "m", fields: ["ssn"] }];
    const whole = await fetchFile([Buffer.from('{"ssn": "1'), Buffer.from('23456789"}')], { mask: ofFields });
    expect(whole.text()).toBe('{"ssn": "[REDACTED:field]"}');
    const part = await fetchFile([Buffer.from('": "123456789"}')], { status: 206, mask: ofFields });
    expect(part.status()).toBe(403);
    expect(part.text()).not.toContain("12345678");
  });

  const type = "application/octet-stream";
  const packed = Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256));

  test.each([
    ["as it stands", "utf8"],
    ["in UTF-16", "utf16le"],
  ] as const)("is stopped before a value that lies bare in what is no text, %s", async (_, encoding) => {
    const value = Buffer.from(` the key is ${key} `, encoding);
    const body = Buffer.concat([packed, value, packed]);
    const from = body.indexOf(Buffer.from(key, encoding));
    const places = fc.array(fc.nat({ max: value.length + 40 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom(200, 206), async (near, status) => {
        const fake = await fetchFile(cut(body, [5000, ...near.map((one) => packed.length - 20 + one)]), {
          type,
          status,
        });
        expect(fake.ends).toMatchObject([{ outcome: "refused", errorCode: "m" }]);
        const sent = Buffer.from(fake.bytes());
        if (fake.status() === 403) expect(sent.includes(key.slice(0, 8))).toBe(false);
        else {
          expect(fake.log.at(-1)).toBe("cut");
          expect(sent.length).toBeLessThanOrEqual(from);
          expect(sent.equals(body.subarray(0, sent.length))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("arrives as it is where it is no text and nothing lies in it, or what does is only to be found", async () => {
    const silence = Buffer.alloc(1_500_000);
    const begun = Buffer.concat([packed, Buffer.from(" password="), silence, packed]);
    const places = [100, 5000, 9005, 700_000, 1_400_000, 1_509_500];
    const fake = await fetchFile(cut(begun, places), { type });
    expect(Buffer.from(fake.bytes()).equals(begun)).toBe(true);
    expect(fake.headers()).toMatchObject({ ...HEADERS, "content-type": type });
    const body = Buffer.concat([packed, Buffer.from(` the key is ${key} `)]);
    const found = await fetchFile(cut(body, [9020]), {
      type,
      mask: [{ code: "m", class: "secret", with: "detect" }],
    });
    expect(Buffer.from(found.bytes()).equals(body)).toBe(true);
    expect(found.ends).toMatchObject([{ outcome: "completed" }]);
  });

  test("is cut off where a class is blocked that shows later", async () => {
    const filler = Buffer.from("lorem ipsum ".repeat(20_000));
    const fake = await fetchFile([filler, Buffer.from(` ${key} end`), filler], {
      mask: [{ code: "m", class: "secret", with: "block" }],
    });
    expect(fake.log.at(-1)).toBe("cut");
    expect(fake.ends).toMatchObject([{ outcome: "refused", errorCode: "m" }]);
    expect(fake.text()).not.toContain(key.slice(0, 8));
  });
});

describe("an answer of an operation that gives files", () => {
  async function answer(
    status: number,
    headers: Record<string, string>,
    body: string,
    operation = "files.content",
  ) {
    const asked = { body: { model: "gpt-5" } };
    const fake = createFake({ operation, phases: [], ...(operation.endsWith(".create") && asked) });
    const open = openAnswer(fake.context);
    open.onHead(status, headers);
    open.onData(Buffer.from(body));
    open.onEnd();
    await fake.ended;
    return fake;
  }

  test("keeps the headers that tell of the file, and no others", async () => {
    const headers = {
      "content-type": "audio/mpeg",
      "content-length": "3",
      "content-range": "bytes 0-2/9",
      "accept-ranges": "bytes",
      etag: '"x"',
      "content-disposition": 'attachment; filename="a.mp3"',
      "set-cookie": "a=b",
    };
    const fake = await answer(206, headers, "abc");
    const { "set-cookie": _, ...rest } = headers;
    expect(fake.headers()).toEqual(rest);
    expect(fake.status()).toBe(206);
  });

  test("is read as JSON where it is an error", async () => {
    const fake = await answer(
      404,
      { "content-type": "application/json" },
      '{"error":{"message":"No such File"}}',
    );
    expect(fake.status()).toBe(404);
    expect(fake.text()).toContain("No such File");
  });

  test("is refused where it is a redirect, or the credential was", async () => {
    expect((await answer(302, { location: "https://elsewhere.example" }, "")).status()).toBe(502);
    expect((await answer(401, { "content-type": "application/json" }, "{}")).status()).toBe(502);
  });

  test("of a call keeps the call's id, without the target's address", async () => {
    const headers = {
      "content-type": "application/sdp",
      location: "https://api.openai.com/v1/realtime/calls/rtc_1",
    };
    const fake = await answer(201, headers, "v=0", "realtime.calls.create");
    expect(fake.headers()).toMatchObject({ location: "/v1/realtime/calls/rtc_1" });
    expect(fake.text()).toBe("v=0");
    expect(fake.owned).toEqual([{ kind: "realtime_call", id: "rtc_1" }]);
  });

  test("may be a plain text where the operation has such answers, and nowhere else", async () => {
    const srt = { "content-type": "text/plain; charset=utf-8" };
    expect((await answer(200, srt, "Hello", "audio.transcriptions.create")).text()).toBe("Hello");
    expect((await answer(200, srt, "Hello", "embeddings.create")).status()).toBe(502);
  });
});
