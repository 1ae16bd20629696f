// Forms as the clients write them, and as nobody should.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSpools } from "../spool/spool.ts";
import { toObject } from "./fields.ts";
import { readBoundary, readField, readForm } from "./read-form.ts";
import type { FormPart } from "./read-form.ts";
import { writeForm } from "./write-form.ts";

const MIB = 1024 * 1024;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-form-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Read = {
  readonly parts: readonly FormPart[];
  readonly values: readonly string[];
  readonly written: Buffer;
};

/** Sends a body in pieces to a server that reads it as a form, and gives what it read or the code of its refusal. */
async function read(
  pieces: readonly Buffer[],
  options: { contentType?: string; bytes?: number; isPiece?: boolean; headers?: object } = {},
): Promise<Read | string> {
  const spool = createSpools(folder, { memoryBytes: 4096, bytes: 64 * MIB, totalBytes: 64 * MIB }).open();
  const { contentType = "multipart/form-data; boundary=X", bytes = 16 * MIB, isPiece = false } = options;
  let result: Read | string = "nothing";
  const server = createServer((incoming, outgoing) => {
    (async () => {
      const boundary = readBoundary(incoming.headers["content-type"]);
      const limits = { bytes, milliseconds: 2000 };
      const parts = await readForm(incoming, boundary ?? "", spool, limits, isPiece);
      const values: string[] = [];
      for (const part of parts) {
        const found: Buffer[] = [];
        for await (const piece of spool.read(part.from, part.to)) found.push(piece);
        values.push(Buffer.concat(found).toString("latin1"));
      }
      const written: Buffer[] = [];
      for await (const piece of writeForm(spool, parts).stream()) written.push(piece);
      result = { parts, values, written: Buffer.concat(written) };
    })().then(
      () => outgoing.end(),
      (error: unknown) => {
        result =
          typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
        outgoing.writeHead(400, { connection: "close" }).end();
      },
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const headers = { "content-type": contentType, ...options.headers };
  const sending = request({ host: "127.0.0.1", port, method: "POST", headers });
  const answered = once(sending, "response").catch(() => undefined);
  for (const piece of pieces) {
    sending.write(piece);
    await new Promise(setImmediate);
  }
  sending.end();
  await answered;
  await spool.close();
  server.closeAllConnections();
  server.close();
  return result;
}

function part(header: string, body: string): string {
  return `--X\r\n${header}\r\n\r\n${body}\r\n`;
}

const field = (name: string, value: string): string =>
  part(`Content-Disposition: form-data; name="${name}"`, value);
const END = "--X--\r\n";

function whole(value: Read | string): Read {
  if (typeof value === "string") throw new Error(`It was refused: ${value}`);
  return value;
}

describe("a form", () => {
  test("is read part by part, however its bytes are cut", async () => {
    const text = Buffer.from(
      `${field("purpose", "assistants")}${part(
        'Content-Disposition: form-data; name="file"; filename="a b.txt"\r\nContent-Type: text/plain',
        "Grüße\r\n--Y\r\n",
      )}${field("empty", "")}${END}`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 8 }),
        async (cuts) => {
          const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
          const pieces = places.slice(1).map((end, index) => text.subarray(places[index], end));
          const { parts, values } = whole(await read(pieces));
          expect(parts.map(({ name, filename, type, isFile }) => [name, filename, type, isFile])).toEqual([
            ["purpose", null, null, false],
            ["file", "a b.txt", "text/plain", true],
            ["empty", null, null, false],
          ]);
          expect(values.map((value) => Buffer.from(value, "latin1").toString())).toEqual([
            "assistants",
            "Grüße\r\n--Y\r\n",
            "",
          ]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("that Node writes is read and written anew with the same names, types and bytes", async () => {
    const form = new FormData();
    const bytes = randomBytes(300_000);
    form.append("model", "gpt-4o-transcribe");
    form.append("file", new Blob([bytes], { type: "audio/wav" }), 'ein "Lied" – 1.wav');
    form.append("timestamp_granularities[]", "word");
    const sent = new Response(form);
    const contentType = sent.headers.get("content-type") ?? "";
    const { parts, values, written } = whole(
      await read([Buffer.from(await sent.arrayBuffer())], { contentType }),
    );
    expect(values[1]).toBe(bytes.toString("latin1"));
    expect(parts.map(({ encoding }) => encoding)).toEqual(["utf-8", null, "utf-8"]);
    const boundary = /^--(\S+)/.exec(written.toString("latin1"))?.[1] ?? "";
    const again = await new Response(written, {
      headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    }).formData();
    expect([...again.keys()]).toEqual([...form.keys()]);
    const file = again.get("file");
    expect(file instanceof File ? [file.name, file.type, file.size] : null).toEqual([
      'ein "Lied" – 1.wav',
      "audio/wav",
      bytes.length,
    ]);
    expect(boundary).not.toBe(/boundary=(\S+)/.exec(contentType)?.[1]);
  });

  test("has the length that it says when it is written anew", async () => {
    const spool = createSpools(folder, { memoryBytes: 0, bytes: MIB, totalBytes: MIB }).open();
    await spool.write(Buffer.from("abc"));
    const parts = [
      { name: "é", filename: "ü", type: "a/b", from: 0, to: 3, isFile: true, encoding: null },
    ] as const;
    const body = writeForm(spool, parts);
    let length = 0;
    for await (const piece of body.stream()) length += piece.length;
    expect(length).toBe(body.length);
    await spool.close();
  });
});

describe("what is refused", () => {
  const cases: Readonly<Record<string, string>> = {
    "a form that is cut off": `${field("a", "1")}--X\r\nContent-Disposition: form-data; name="b"\r\n\r\nhalf`,
    "a form whose end is missing": field("a", "1"),
    "another boundary than was told": field("a", "1").replaceAll("--X", "--Z"),
    "a part without a name": part("Content-Type: text/plain", "1") + END,
    "a part without a header": `--X\r\n\r\n1\r\n${END}`,
    "a part whose header is cut": `--X\r\nContent-Disposition: form-data; name="a"\r\n${END}`,
    "a part with two names": part('Content-Disposition: form-data; name="a"; name="b"', "1") + END,
    "a part with two dispositions":
      part('Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"', "1") + END,
    "a part with two file names":
      part(`Content-Disposition: form-data; name="a"; filename="b"; filename*=utf-8''c`, "1") + END,
    "a coded file name that a backslash may end later":
      part(`Content-Disposition: form-data; name="a"; filename*=utf-8''b%5C`, "1") + END,
    "a name that a backslash may end later":
      part('Content-Disposition: form-data; name="a\\"; x="', "1") + END,
    "an encoded part":
      part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64', "MQ==") + END,
    "a bare line feed in a header": part('Content-Disposition: form-data; name="a\n"', "1") + END,
    "a zero byte in a header": part('Content-Disposition: form-data; name="a\0"', "1") + END,
    "an attachment": part('Content-Disposition: attachment; name="a"', "1") + END,
  };
  for (const [name, text] of Object.entries(cases))
    test(name, async () => {
      expect(await read([Buffer.from(text)])).toBe("body_invalid");
    });

  test("100,000 fields", async () => {
    const text = Array.from({ length: 100_000 }, (_, index) => field(`f${index}`, "1")).join("") + END;
    expect(await read([Buffer.from(text)])).toBe("body_too_large");
  });

  test("fields that hold more than fields do", async () => {
    expect(await read([Buffer.from(field("prompt", "x".repeat(5 * MIB)) + END)])).toBe("body_too_large");
  });

  test("more bytes than the limit, told or not", async () => {
    const text = Buffer.from(
      part('Content-Disposition: form-data; name="file"; filename="f"', "x".repeat(MIB)) + END,
    );
    expect(await read([text], { bytes: MIB / 2 })).toBe("body_too_large");
    expect(await read([text], { bytes: MIB / 2, headers: { "content-length": text.length } })).toBe(
      "body_too_large",
    );
  });

  test("a compressed form", async () => {
    expect(await read([Buffer.from(END)], { headers: { "content-encoding": "gzip" } })).toBe(
      "body_encoding_unsupported",
    );
  });

  test.each([
    "multipart/mixed; boundary=X",
    "multipart/form-data",
    'multipart/form-data; boundary="a"; boundary="b"',
  ])("the content type %s", async (contentType) => {
    expect(await read([Buffer.from(END)], { contentType })).toBe("body_invalid");
  });
});

describe("the text of a part", () => {
  const encodingOf = async (bytes: Buffer, header: string, isPiece = false) => {
    const head = `--X\r\nContent-Disposition: form-data; name="file"; ${header}\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n${END}`)]);
    return whole(await read([body], { isPiece })).parts[0]?.encoding;
  };

  test("is told by its bytes", async () => {
    expect(await encodingOf(Buffer.from("Grüße"), 'filename="a"')).toBe("utf-8");
    expect(await encodingOf(Buffer.from("\uFEFFGrüße", "utf16le"), 'filename="a"')).toBe("utf-16le");
    expect(await encodingOf(Buffer.from([0x50, 0x4b, 3, 4, 0xff]), 'filename="a"')).toBe(null);
    expect(await encodingOf(Buffer.from("a\0b"), 'filename="a"')).toBe(null);
  });

  test("is read all the same where a stray byte stands in what is called text", async () => {
    expect(await encodingOf(Buffer.from([0x61, 0xff, 0x62]), 'filename="a.txt"')).toBe("lenient");
    expect(await encodingOf(Buffer.from([0x61, 0xff]), 'filename="a"\r\nContent-Type: text/csv')).toBe(
      "lenient",
    );
  });

  test("may be cut inside a character where it is a piece of a file", async () => {
    const cut = Buffer.from("äö").subarray(1, 3);
    expect(await encodingOf(cut, 'filename="a"', true)).toBe("utf-8");
    expect(await encodingOf(cut, 'filename="a"')).toBe(null);
  });
});

describe("the names of fields", () => {
  const toFields = (...names: readonly string[]) =>
    JSON.parse(JSON.stringify(toObject(names.map((name, index) => ({ name, value: index }))).body));

  test("are members, lists and objects", () => {
    expect(
      toFields(
        "model",
        "image[]",
        "image[]",
        "expires_after[anchor]",
        "expires_after[seconds]",
        "a[][b]",
        "a[][c]",
        "a[][b]",
      ),
    ).toEqual({
      model: 0,
      image: [1, 2],
      expires_after: { anchor: 3, seconds: 4 },
      a: [{ b: 5, c: 6 }, { b: 7 }],
    });
  });

  test.each([
    ["model", "model"],
    ["image", "image[]"],
    ["a[b]", "a"],
    ["a", "a[b]"],
    ["a[b]", "a[]"],
    ["a[b]", "a[b]"],
  ])("are refused where they stand twice: %s, %s", (...names) => {
    expect(() => toFields(...names)).toThrow(expect.objectContaining({ code: "body_invalid" }));
  });

  test.each(["", "a b", "a[", "a]", "a[b", "[a]", "a[b]c", "ä"])(
    "are refused where they cannot be read: %j",
    (name) => {
      expect(() => toFields(name)).toThrow(expect.objectContaining({ code: "body_invalid" }));
    },
  );

  test("say where each stands", () => {
    const names = ["model", "image[]", "image[]", "a[][b]", "a[][c]", "a[][b]", "m[x/y]"];
    expect(toObject(names.map((name) => ({ name, value: 1 }))).pointers).toEqual([
      "/model",
      "/image/0",
      "/image/1",
      "/a/0/b",
      "/a/0/c",
      "/a/1/b",
      "/m/x~1y",
    ]);
  });

  test("touch no prototype", () => {
    const made = toObject([{ name: "__proto__[x]", value: 1 }]).body;
    expect(Object.keys(made)).toEqual(["__proto__"]);
    expect(Reflect.get({}, "x")).toBeUndefined();
  });
});

test("a field that is not in UTF-8 is refused", async () => {
  const spool = createSpools(folder, { memoryBytes: MIB, bytes: MIB, totalBytes: MIB }).open();
  await spool.write(Buffer.from([0xff]));
  const one = { name: "a", filename: null, type: null, from: 0, to: 1, isFile: false, encoding: null };
  await expect(readField(spool, one)).rejects.toMatchObject({ code: "body_invalid" });
});
