// The canonical form of JSON, against OPA's own hashes.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { runAtOnce } from "../parse/steps.ts";
import { findOpa } from "../policy-build/run-opa.ts";
import { toCanonicalJson } from "./canonical-json.ts";

const toCanonical = (text: string) => runAtOnce(toCanonicalJson(Buffer.from(text), "it"));

const signedShape = z.object({ files: z.array(z.object({ name: z.string(), hash: z.string() })) });

/** Has OPA hash documents, all in one call. */
async function hashByOpa(documents: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-canonical-"));
  try {
    for (const [index, text] of documents.entries()) {
      mkdirSync(join(folder, "bundle", `d${index}`), { recursive: true });
      writeFileSync(join(folder, "bundle", `d${index}`, "data.json"), text);
    }
    const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
    writeFileSync(join(folder, "key.pem"), key);
    const flags = ["--signing-key", "../key.pem", "--signing-alg", "EdDSA", "--output-file-path", ".."];
    await findOpa().run(["sign", "--bundle", ...flags, "."], { cwd: join(folder, "bundle") });
    const { signatures } = z
      .object({ signatures: z.tuple([z.string()]) })
      .parse(JSON.parse(readFileSync(join(folder, ".signatures.json"), "utf8")));
    const { files } = signedShape.parse(decodeJwt(signatures[0]));
    const hashes = new Map(files.map(({ name, hash }) => [name, hash]));
    return documents.map((_, index) => hashes.get(`d${index}/data.json`) ?? "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A value as somebody might write it: numbers of all kinds, any order, blanks, escapes. */
const written = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false", "-0", "1.50", "1e3", "1E+2", "-12345678901234567890", "0.1e-7"),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.array(tie("value")).map((values) => `[${values.join(" , ")}]`),
    fc
      .uniqueArray(fc.tuple(fc.string({ unit: "binary", maxLength: 4 }), tie("value")), {
        selector: ([name]) => name,
      })
      .map((members) => `{${members.map(([name, value]) => `${escape(name)}\t: ${value}`).join(",\r\n")}}`),
  ),
})).value;

/** Writes every character that is not plain as an escape. */
function escape(name: string): string {
  return JSON.stringify(name).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

describe("toCanonicalJson", () => {
  it("gives what OPA hashes", async () => {
    const known = [
      '{"\u{10000}":1,"\ue000":2,"\uffff":3,"a":4,"":5}',
      '{"b":"\\u2028\\u2029\\u0000\\b\\f\\n\\r\\t\\u007f\\u0080<>&\\/","\\u0061":[ ]}',
      " [1.0 , -0,1e400,\t{}]\n",
      '"x"',
    ];
    const documents = [...known, ...fc.sample(written, 300)];
    const hashes = await hashByOpa(documents);
    for (const [index, text] of documents.entries())
      expect(createHash("sha256").update(toCanonical(text)).digest("hex"), text).toBe(hashes[index]);
  });

  it("keeps the meaning, and is its own canonical form", () => {
    fc.assert(
      fc.property(written, (text) => {
        const canonical = toCanonical(text);
        expect(JSON.parse(canonical)).toEqual(JSON.parse(text));
        expect(toCanonical(canonical)).toBe(canonical);
      }),
    );
  });

  const refused: Record<string, [string, string]> = {
    "a member that stands twice": ['{"a":1,"b":{"c":1,"c":2}}', "twice"],
    "a member that stands twice behind an escape": ['{"a":1,"\\u0061":2}', "twice"],
    "half a surrogate pair": ['["\\ud800"]', "surrogate"],
    "what follows a value": ["{} {}", "no JSON"],
    "a comma too much": ["[1,]", "no JSON"],
    "a name without a value": ['{"a"}', "no JSON"],
    "a bare word": ["nul", "no JSON"],
    "a number with a leading zero": ["01", "no JSON"],
    "a string without an end": ['"abc\\"', "no JSON"],
    "a control character in a string": ['"\u0001"', "no JSON"],
    "an object without an end": ['{"a":1', "no JSON"],
    "a byte order mark": ["\ufeff{}", "no JSON"],
    "nothing at all": ["", "no JSON"],
    "more levels than any data has": ["[".repeat(65) + "]".repeat(65), "levels"],
  };
  for (const [what, [text, reason]] of Object.entries(refused))
    it(`refuses ${what}`, () => {
      expect(() => toCanonical(text)).toThrow(reason);
    });

  it("refuses bytes that are no UTF-8, and more of them than a policy can hold", () => {
    const run = (bytes: Buffer) => runAtOnce(toCanonicalJson(bytes, "it"));
    expect(() => run(Buffer.from([0x22, 0xff, 0x22]))).toThrow("UTF-8");
    expect(() => run(Buffer.alloc((8 << 20) + 1, 0x20))).toThrow("longer");
  });

  it("lets others go first in long documents", () => {
    const steps = toCanonicalJson(Buffer.from(JSON.stringify(Array(200_000).fill("abcdef"))), "it");
    expect(steps.next().done).toBe(false);
  });
});
