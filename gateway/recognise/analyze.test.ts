import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { analyze, type AnalyzeOptions } from "./analyze.ts";
import { createOffsets } from "./code-points.ts";

const asked = z.object({
  text: z.string(),
  language: z.string(),
  entities: z.array(z.string()),
  score_threshold: z.number(),
});

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<AnalyzeOptions> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/analyze`,
    language: "en",
    classes: new Map([
      ["PERSON", "person_name"],
      ["LOCATION", "address"],
    ]),
    threshold: 0.5,
    timeoutMs: 20_000,
  };
}

/** Answers with what is given, whatever is asked. */
const say = (body: unknown): Promise<AnalyzeOptions> =>
  serve((_, response) => response.end(typeof body === "string" ? body : JSON.stringify(body)));

const find = (start: number, end: number, score = 0.9, entity = "PERSON") => ({
  entity_type: entity,
  start,
  end,
  score,
});

describe("what is found", () => {
  test("has its place in UTF-16 units, its class, and is sorted", async () => {
    let body = "";
    const options = await serve((request, response) => {
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        const { text } = asked.parse(JSON.parse(body));
        const at = Array.from(text).indexOf("A");
        const found = [find(at + 7, at + 12, 0.8, "LOCATION"), find(at, at + 3), find(0, 1, 0.9, "URL")];
        response.end(JSON.stringify([...found, find(0, 2, 0.2)]));
      });
    });
    const text = "😀😀 Ada in Paris";
    const found = await analyze(options, text);
    expect(found.map(({ class: ofClass, start, end }) => [ofClass, text.slice(start, end)])).toEqual([
      ["person_name", "Ada"],
      ["address", "Paris"],
    ]);
    expect(asked.parse(JSON.parse(body))).toEqual({
      text,
      language: "en",
      entities: ["PERSON", "LOCATION"],
      score_threshold: 0.5,
    });
  });

  test("may overlap", async () => {
    const options = await say([find(0, 5), find(2, 8), find(0, 8, 0.9, "LOCATION")]);
    expect(await analyze(options, "Ada Lovelace")).toHaveLength(3);
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
    ["no JSON", "<html>Ada</html>"],
    ["nothing", ""],
    ["too many findings", Array.from({ length: 20_001 }, () => find(0, 1))],
    ["a huge answer", `[${" ".repeat(5 * 1024 * 1024)}]`],
  ])("that gives %s fails, without a word of the text", async (_, body) => {
    const error: unknown = await analyze(await say(body), text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "detector_failed" });
    expect(String(error)).not.toContain("Ada");
  });

  test("is not followed elsewhere", async () => {
    let elsewhere = 0;
    const options = await serve((request, response) => {
      if (request.url !== "/analyze") elsewhere += 1;
      response.writeHead(307, { location: "/other" }).end();
    });
    await expect(analyze(options, text)).rejects.toMatchObject({ code: "detector_failed" });
    expect(elsewhere).toBe(0);
  });

  test("that fails, or never answers, fails", async () => {
    const broken = await serve((_, response) => response.writeHead(500).end("[]"));
    await expect(analyze(broken, text)).rejects.toMatchObject({ code: "detector_failed" });
    server?.close();
    const silent = await serve(() => undefined);
    await expect(analyze({ ...silent, timeoutMs: 50 }, text)).rejects.toMatchObject({
      code: "detector_failed",
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
