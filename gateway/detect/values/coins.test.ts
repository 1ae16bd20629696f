import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { COINS } from "./coins.ts";
import { keccak256 } from "./keccak.ts";
import { TABLES } from "./tables.ts";
import { createDetectorCompiler } from "./values.ts";

const detector = createDetectorCompiler(TABLES)({});
const find = (text: string): string[] =>
  detector
    .scan(text, "message", "request")
    .map(({ id, class: of, start, end }) => `${of} ${id}: ${text.slice(start, end)}`);
const digest = (text: string, algorithm: string): string => createHash(algorithm).update(text).digest("hex");

describe("addresses of currencies", () => {
  test.each(COINS.flatMap((row) => row.examples.map((example) => [row.id, example, row] as const)))(
    "of %s are found: %s",
    (id, example, { class: of, words }) => {
      const word = words?.[0] ?? "to";
      for (const around of [`${word} ${example}, please`, `{"${word}":"${example}"}`, `${word}=${example}`])
        expect(find(around).filter((one) => one.startsWith(of))).toEqual([`${of} ${id}: ${example}`]);
    },
  );

  test.each(COINS.flatMap((row) => row.counterExamples.map((example) => [row.id, example, row] as const)))(
    "are none where their check sum is wrong: %s %s",
    (id, example, { words }) => {
      const found = detector.scan(`${words?.[0] ?? "to"} ${example}, please`, "message", "request");
      expect(found.map((one) => one.id)).not.toContain(id);
    },
  );

  test("stand within words of an address of the web, and under escapes", () => {
    const address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    expect(find(`https://example.com/address/${address}?a=1`)).toEqual([
      `crypto_address ethereum_address: ${address}`,
    ]);
    expect(find("addr: 1BpEi6DfDAUFd7G\u200btittLSdBeYJvcoaVggu")).toHaveLength(1);
  });

  test("without a check sum need a word near them, or are all of a text", () => {
    const lower = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    const solana = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM";
    expect(find(`it is ${lower} there`)).toEqual([]);
    expect(find(lower)).toEqual([`crypto_address ethereum_address_unchecked: ${lower}`]);
    expect(find(`it is ${solana} there`)).toEqual([]);
    expect(find(solana)).toEqual([]);
  });

  test("are none in what else is long: digests, ids of commits, UUIDs, identifiers, words", () => {
    for (let i = 0; i < 300; i += 1) {
      const md5 = digest(`${i}`, "md5");
      const texts = [
        md5,
        digest(`${i}`, "sha1"),
        digest(`${i}`, "sha256"),
        createHash("sha256").update(`${i}`).digest("base64url"),
        createHash("sha1").update(`${i}`).digest("base64url"),
        `${md5.slice(0, 8)}-${md5.slice(8, 12)}-4${md5.slice(13, 16)}-a${md5.slice(17, 20)}-${md5.slice(20)}`,
        `0x${digest(`${i}`, "sha256")}`,
        `1${digest(`${i}`, "sha512").replaceAll("0", "1").slice(0, 33)}`,
        `call_${createHash("sha256").update(`${i}`).digest("base64").replaceAll(/\W/g, "").slice(0, 24)}`,
      ];
      for (const text of texts) expect(find(`wallet ${text} of it`), text).toEqual([]);
    }
  });

  test("that are wrong so often that no chance makes them are taken for ones, and so cost no digest", () => {
    const wrong = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggv";
    expect(find(`${wrong} `.repeat(16))).toEqual([]);
    expect(find(`${wrong} `.repeat(40)).length).toBeGreaterThan(20);
  });

  test("are covered with their prefix, however the text is cut", () => {
    const address = "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy";
    const stream = detector.stream("message");
    const found = Array.from(`to ${address} now`).flatMap((one) => [...stream.push(one)]);
    expect([...found, ...stream.end()]).toMatchObject([{ start: 3, end: 3 + address.length }]);
  });
});

describe("Keccak-256", () => {
  test.each([
    ["", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"],
    ["abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"],
  ])("of %j is that which is published", (text, expected) => {
    expect(Buffer.from(keccak256(Buffer.from(text))).toString("hex")).toBe(expected);
  });

  test("takes no text of more than one block", () => {
    expect(() => keccak256(new Uint8Array(136))).toThrow(RangeError);
  });
});
