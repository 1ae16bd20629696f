import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Recognised } from "./analyze.ts";
import { createPassageReader, listPassages } from "./passages.ts";
import { openRecognition, type Recognition } from "./recognition.ts";
import { createRecogniser, type Recogniser, type RecogniserOptions } from "./recogniser.ts";

const NAMES = /Ada Lovelace|Zoë|李雷|REDACTED:[a-z]+/g;

type Fake = {
  readonly recogniser: Recogniser;
  /** The texts of each call. */
  readonly calls: (readonly string[])[];
  readonly failures: unknown[];
};

/** Makes a recogniser of three names behind a wire that `answer` may break. */
function createFake(
  options: Partial<RecogniserOptions> = {},
  answer: (texts: readonly string[], signal: AbortSignal) => Promise<void> = () => Promise.resolve(),
): Fake {
  const calls: (readonly string[])[] = [];
  const failures: unknown[] = [];
  const recogniser = createRecogniser({
    options: {
      languages: ["en"],
      classes: new Map([["PERSON", "person_name"]]),
      threshold: 0.5,
      timeoutMs: 20_000,
      concurrency: 4,
      textsPerCall: 8,
      maxChars: 100_000,
      cacheBytes: 1024 * 1024,
      onError: "refuse",
      mostFailures: 5,
      pauseMs: 600_000,
      ...options,
    },
    secret: "a secret",
    onCall: () => undefined,
    onPause: () => undefined,
    onIgnored: (error) => failures.push(error),
    async send(body, signal) {
      const { text }: { text: string | string[] } = JSON.parse(body.toString());
      const texts = typeof text === "string" ? [text] : text;
      calls.push(texts);
      await answer(texts, signal);
      const found = texts.map((one) =>
        [...one.matchAll(NAMES)].map(({ index, 0: name }) => {
          const start = Array.from(one.slice(0, index)).length;
          return { entity_type: "PERSON", start, end: start + Array.from(name).length, score: 0.9 };
        }),
      );
      return Buffer.from(JSON.stringify(typeof text === "string" ? found[0] : found));
    },
  });
  return { recogniser, calls, failures };
}

const open = ({ recogniser }: Fake, tenant = "default"): Recognition =>
  openRecognition(recogniser, tenant, () => new AbortController().signal);

async function search(recognition: Recognition, text: string): Promise<readonly Recognised[]> {
  await recognition.ask([text]);
  const stream = recognition.stream();
  return [...stream.push(text), ...stream.end()];
}

const shown = (text: string, found: readonly Recognised[]): string[] =>
  found.map(({ start, end }) => text.slice(start, end));

/** Texts with names, sentences, long stretches without any, and characters of two units. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "Ada Lovelace",
        "Zoë",
        "李雷",
        ". ",
        "!\n",
        "\n\n",
        "。",
        " ",
        "😀",
        "Dr. ",
        "\\n",
        "end. ",
      ),
      fc.string({ maxLength: 30 }),
      fc.constantFrom("word ".repeat(130), "x".repeat(700)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (let index = 0; at < text.length; index += 1) {
    const size = sizes[index % Math.max(1, sizes.length)] ?? 1;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

describe("passages", () => {
  test("end with sentences and paragraphs, and not with the dots of names", () => {
    const text = "Meet Dr. A. Lovelace today. She writes!\n\nHere\nand there";
    expect(listPassages(text).map((passage) => passage.text)).toEqual([
      "Meet Dr. A. Lovelace today. ",
      "She writes!\n",
      "\nHere\nand there",
    ]);
  });

  test("cover the text, are bounded, and are the same however it comes", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 20 }), (text, sizes) => {
        const whole = listPassages(text);
        let covered = 0;
        for (const { start, end, text: passage } of whole) {
          expect(start).toBeLessThanOrEqual(covered);
          expect(passage).toBe(text.slice(start, end));
          expect(passage.length).toBeLessThanOrEqual(600);
          covered = Math.max(covered, end);
        }
        expect(covered).toBe(text.length);
        const reader = createPassageReader();
        const pieces = cut(text, sizes).flatMap((piece) => reader.push(piece));
        expect([...pieces, ...reader.end()]).toEqual(whole);
      }),
    );
  });
});

describe("what is found", () => {
  test("is the same however the text comes, in order, and nothing before what is decided", async () => {
    const recognition = open(createFake({ cacheBytes: 16 * 1024 * 1024 }));
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 20 }),
        async (text, sizes) => {
          const whole = await search(recognition, text);
          const stream = recognition.stream();
          const found: Recognised[] = [];
          let received = 0;
          let decided = 0;
          for (const piece of cut(text, sizes)) {
            received += piece.length;
            for (const one of stream.push(piece)) {
              expect(one.start).toBeGreaterThanOrEqual(decided);
              found.push(one);
            }
            decided = received - stream.pending;
          }
          found.push(...stream.end());
          expect(found).toEqual(whole);
          expect(found.map(({ start }) => start)).toEqual(
            found.map(({ start }) => start).sort((a, b) => a - b),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is whole where nothing ends a sentence, wherever it stands", async () => {
    for (let before = 380; before < 620; before += 7) {
      const text = `${"word ".repeat(200).slice(0, before).trimEnd()} Ada Lovelace ${"word ".repeat(100)}`;
      expect(shown(text, await search(open(createFake()), text))).toEqual(["Ada Lovelace"]);
    }
  });

  test("leaves out what the gateway itself has written", async () => {
    const fake = createFake();
    const text = "Ask [REDACTED:email] and Ada Lovelace";
    const found = await search(open(fake), text);
    expect(shown(text, found)).toEqual(["Ada Lovelace"]);
  });

  test("is one finding where several languages find it", async () => {
    const fake = createFake({ languages: ["en", "de"] });
    expect(await search(open(fake), "Zoë")).toHaveLength(1);
    expect(fake.calls).toHaveLength(2);
  });
});

describe("the recogniser", () => {
  test("is asked once about what comes again, by tenant, and not about what holds no word", async () => {
    const fake = createFake();
    const text = "Ada Lovelace wrote. Then Zoë came.\n\n--- ! ***";
    expect(await search(open(fake), text)).toHaveLength(2);
    await search(open(fake), text);
    expect(fake.calls.flat()).toEqual(["Ada Lovelace wrote. ", "Then Zoë came.\n"]);
    await search(open(fake, "another"), text);
    expect(fake.calls.flat()).toHaveLength(4);
    expect(open(fake).ask(["", " \n", "!!"])).toBeNull();
  });

  test("is asked about thousands of texts by a few calls, no more at once than it may be", async () => {
    let running = 0;
    let most = 0;
    const fake = createFake({ concurrency: 3, textsPerCall: 50 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
    });
    const many = Array.from({ length: 3000 }, (_, index) => `Text ${index} of Zoë`);
    await Promise.all([open(fake).ask(many.slice(0, 1500)), open(fake).ask(many.slice(1500))]);
    expect(fake.calls).toHaveLength(60);
    expect(most).toBe(3);
  });

  test("that fails refuses, asks no further, and is asked again the next time", async () => {
    let isBroken = true;
    const fake = createFake({ concurrency: 1, textsPerCall: 1 }, () =>
      isBroken ? Promise.reject(new Error("status 500")) : Promise.resolve(),
    );
    const recognition = open(fake);
    await expect(search(recognition, "Ada Lovelace wrote. Then Zoë came.")).rejects.toMatchObject({
      code: "recogniser_unavailable",
    });
    expect(fake.calls).toHaveLength(1);
    expect(() => recognition.stream().push("Ada Lovelace wrote. ")).toThrow("could not be asked");
    isBroken = false;
    expect(await search(open(fake), "Ada Lovelace wrote. Then Zoë came.")).toHaveLength(2);
  });

  test("that goes on failing is asked no more for a while", async () => {
    const fake = createFake({ mostFailures: 2 }, () => Promise.reject(new Error("status 500")));
    for (let time = 0; time < 2; time += 1)
      await expect(search(open(fake), "Zoë")).rejects.toMatchObject({ code: "recogniser_unavailable" });
    // Two questions, and one about a text of the gateway's own.
    await expect.poll(() => fake.calls.length).toBe(3);
    expect(fake.calls[2]).not.toEqual(["Zoë"]);
    await new Promise(setImmediate);
    await expect(search(open(fake), "Zoë")).rejects.toMatchObject({ code: "recogniser_unavailable" });
    expect(fake.calls).toHaveLength(3);
  });

  test("that never answers refuses when the time is over, those that wait for it too", async () => {
    const fake = createFake(
      { concurrency: 1, timeoutMs: 50 },
      (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("abort")))),
    );
    const asked = ["Zoë", "Ada Lovelace"].map((text) => search(open(fake), text));
    const settled = await Promise.allSettled(asked);
    expect(settled).toMatchObject([
      { status: "rejected", reason: { code: "recogniser_unavailable" } },
      { status: "rejected", reason: { code: "recogniser_unavailable" } },
    ]);
  });

  test("that fails is ignored where that is said: the rest is found, and the exchange knows", async () => {
    const fake = createFake({ onError: "ignore", textsPerCall: 1, concurrency: 1 }, ([text]) =>
      text?.includes("Zoë") === true ? Promise.reject(new Error("status 500")) : Promise.resolve(),
    );
    const recognition = open(fake);
    const text = "Then Zoë came. Ada Lovelace wrote.";
    expect(shown(text, await search(recognition, text))).toEqual(["Ada Lovelace"]);
    expect(recognition.isPartial).toBe(true);
    expect(fake.failures).toHaveLength(1);
  });

  test("is not asked about a text that is too long, which is refused or ignored", async () => {
    const text = "Ada Lovelace ".repeat(10);
    const refusing = open(createFake({ maxChars: 100 }));
    expect(() => refusing.ask([text])).toThrow("too long");
    const ahead = refusing.ahead();
    expect(ahead.push(text.slice(0, 90))).toBeNull();
    expect(() => ahead.push(text.slice(90))).toThrow("too long");
    const ignoring = createFake({ maxChars: 100, onError: "ignore" });
    expect(await search(open(ignoring), text)).toEqual([]);
    expect(ignoring.calls).toEqual([]);
  });

  test("is left alone when the caller leaves", async () => {
    const left = new AbortController();
    let aborted = false;
    const { recogniser } = createFake({ onError: "ignore" }, async (_, signal) => {
      left.abort();
      aborted = signal.aborted;
      throw new Error("aborted");
    });
    await expect(openRecognition(recogniser, "t", () => left.signal).ask(["Zoë"])).rejects.toMatchObject({
      code: "recogniser_unavailable",
    });
    expect(aborted).toBe(true);
  });
});
