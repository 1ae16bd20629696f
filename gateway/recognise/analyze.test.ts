import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createJsonService, type JsonService } from "../forward/ask-json.ts";
import { analyze } from "./analyze.ts";
import { createOffsets } from "./code-points.ts";
import { toPlainPassage } from "./plain-passage.ts";
import { DIRECT } from "../../test/fixtures/direct.ts";

const asked = z.object({
  text: z.union([z.string(), z.array(z.string())]),
  language: z.string(),
  entities: z.array(z.string()),
  score_threshold: z.number(),
});
const question = {
  language: "en",
  classes: new Map([
    ["PERSON", "person_name"],
    ["LOCATION", "address"],
  ]),
  threshold: 0.5,
};

let server: Server | null = null;
let service: JsonService | null = null;
afterEach(async () => {
  await service?.close();
  server?.closeAllConnections();
  server?.close();
});

/** Starts a recogniser; gives what asks it. */
async function serve(listener: RequestListener) {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const opened = createJsonService(`http://127.0.0.1:${port}`, "/analyze", {
    outbound: DIRECT,
    timeoutMs: 20_000,
    connections: 2,
    mostBytes: 1024 * 1024,
  });
  service = opened;
  return (passages: readonly string[], signal = AbortSignal.timeout(20_000)) =>
    analyze((body, one) => opened.ask(body, one), question, passages, signal);
}

/** Answers with what is given, whatever is asked. */
const say = (body: unknown) =>
  serve((_, response) => response.end(typeof body === "string" ? body : JSON.stringify(body)));

const find = (start: number, end: number, score = 0.9, entity = "PERSON") => ({
  entity_type: entity,
  start,
  end,
  score,
});

describe("what is found", () => {
  test("has its place in UTF-16 units, its class, and is sorted, passage by passage", async () => {
    let body = "";
    const ask = await serve((request, response) => {
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        const texts = z.array(z.string()).parse(asked.parse(JSON.parse(body)).text);
        const answer = texts.map((text) => {
          const at = Array.from(text).indexOf("A");
          if (at === -1) return [];
          const found = [find(at + 7, at + 12, 0.8, "LOCATION"), find(at, at + 3), find(0, 1, 0.9, "URL")];
          return [...found, find(0, 2, 0.2)];
        });
        response.end(JSON.stringify(answer));
      });
    });
    const text = "😀😀 Ada in Paris";
    const found = await ask(["nobody", text]);
    expect(
      found.map((one) => one.map(({ class: ofClass, start, end }) => [ofClass, text.slice(start, end)])),
    ).toEqual([
      [],
      [
        ["person_name", "Ada"],
        ["address", "Paris"],
      ],
    ]);
    expect(asked.parse(JSON.parse(body))).toEqual({
      text: ["nobody", text],
      language: "en",
      entities: ["PERSON", "LOCATION"],
      score_threshold: 0.5,
    });
  });

  test("stands where its escapes stand", async () => {
    let body = "";
    const ask = await serve((request, response) => {
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => response.end(JSON.stringify([find(9, 20)])));
    });
    const passage = String.raw`{"name":"Ren\u00e9e \ud83d\ude00 Doe\n"}`;
    const [[found] = []] = await ask([passage]);
    expect(asked.parse(JSON.parse(body)).text).toBe('{"name":"Renée 😀 Doe\n"}');
    expect(passage.slice(found?.start, found?.end)).toBe(String.raw`Ren\u00e9e \ud83d\ude00 Doe`);
  });

  test("may overlap", async () => {
    const ask = await say([find(0, 5), find(2, 8), find(0, 8, 0.9, "LOCATION")]);
    expect(await ask(["Ada Lovelace"])).toMatchObject([{ length: 3 }]);
  });
});

describe("a hostile recogniser", () => {
  const text = "Ada Lovelace 😀";
  test.each<[string, unknown]>([
    ["an offset past the end", [find(0, 15)]],
    ["an end before its start", [find(5, 3)]],
    ["an empty stretch", [find(3, 3)]],
    ["a negative offset", [find(-1, 3)]],
    ["half an offset", [find(0.5, 3)]],
    ["no list", { entities: [] }],
    ["a list of lists for one passage", [[find(0, 3)]]],
    ["no JSON", "<html>Ada</html>"],
    ["nothing", ""],
    ["too many findings", Array.from({ length: 20_001 }, () => find(0, 1))],
    ["a huge answer", `[${" ".repeat(2 * 1024 * 1024)}]`],
  ])("that gives %s fails, without a word of the text", async (_, body) => {
    const ask = await say(body);
    const error: unknown = await ask([text]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "recogniser_unavailable" });
    expect(String(error)).not.toContain("Ada");
  });

  test("that answers about fewer passages than were asked fails", async () => {
    const ask = await say([[find(0, 3)]]);
    await expect(ask([text, "two"])).rejects.toMatchObject({ code: "recogniser_unavailable" });
  });

  test("is not followed elsewhere", async () => {
    let elsewhere = 0;
    const ask = await serve((request, response) => {
      if (request.url !== "/analyze") elsewhere += 1;
      response.writeHead(307, { location: "/other" }).end();
    });
    await expect(ask([text])).rejects.toMatchObject({ code: "recogniser_unavailable" });
    expect(elsewhere).toBe(0);
  });

  test("that fails, or never answers, fails", async () => {
    const broken = await serve((_, response) => response.writeHead(500).end("[]"));
    await expect(broken([text])).rejects.toMatchObject({ code: "recogniser_unavailable" });
    await service?.close();
    server?.close();
    const silent = await serve(() => undefined);
    await expect(silent([text], AbortSignal.timeout(50))).rejects.toMatchObject({
      code: "recogniser_unavailable",
    });
  });
});

test("character offsets become those of UTF-16 units in whatever text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, characters) => {
      const points = Array.from(text);
      const expected = characters > points.length ? null : points.slice(0, characters).join("").length;
      expect(createOffsets(text)(characters)).toBe(expected);
    }),
  );
});

test("a text written as JSON is read as the text, each character where its escape stands", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = JSON.stringify(text).replaceAll(
        /[^\x20-\x7e]/g,
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      fc.pre(!/\\[bf\\]/.test(written));
      const plain = toPlainPassage(written);
      expect(plain.text).toBe(`"${text}"`);
      for (let at = 1; at <= text.length; at += 1)
        expect(JSON.parse(`"${written.slice(plain.toStart(at), plain.toEnd(at + 1))}"`)).toBe(
          text.charAt(at - 1),
        );
    }),
  );
});
