// The table of tokens: its form, its floors, and what is no token. The engine that runs it has tests of its own.
import { expect, test } from "vitest";
import { createRandom, parseShape, sampleShape, type SamplePart } from "../../../test/made/shape-sample.ts";
import type { TokenRow } from "./table.ts";
import { TOKENS } from "./tokens.ts";

const SAMPLES = 40;
const shapes = TOKENS.flatMap((row) => row.shapes.map((shape) => ({ row, shape })));

test("no two rows have one id, and an id is a plain word", () => {
  const ids = TOKENS.map((row) => row.id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.filter((id) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/.test(id))).toEqual([]);
});

test("at least 150 providers have a row", () => {
  expect(new Set(TOKENS.map((row) => row.id.split("_")[0])).size).toBeGreaterThanOrEqual(150);
});

test("each row says where its facts come from", () => {
  expect(
    TOKENS.filter((row) => !/^(?:https:\/\/|gateway\/)\S+$/.test(row.source) || row.title === "").map(
      (row) => row.id,
    ),
  ).toEqual([]);
});

test("no shape stands twice", () => {
  const all = shapes.map(({ shape }) => shape);
  expect(all.filter((shape, index) => all.indexOf(shape) !== index)).toEqual([]);
});

test("each shape holds three characters in a row as they are, or more", () => {
  expect(shapes.filter(({ shape }) => longestRun(shape) < 3).map(({ shape }) => shape)).toEqual([]);
});

test("a shape can be read forward without going back", () => {
  expect(shapes.filter(({ shape }) => goesBack(parseShape(shape))).map(({ shape }) => shape)).toEqual([]);
});

test("a shape is at least 13 characters long", () => {
  const random = createRandom(4);
  expect(
    shapes.filter(({ shape }) => sampleShape(shape, random, "least").length < 13).map(({ shape }) => shape),
  ).toEqual([]);
});

test("what a shape makes is found, whole, by its row", () => {
  const random = createRandom(1);
  const missed: string[] = [];
  for (const { row, shape } of shapes) {
    for (let k = 0; k < SAMPLES; k += 1) {
      const sample = sampleShape(shape, random, k === 0 ? "least" : undefined);
      if (!find([row], `key: "${sample}",`).includes(sample)) missed.push(shape);
    }
  }
  // A floor of entropy may cost one random key in a hundred, not more.
  const worst = [...new Set(missed)].filter((shape) => missed.filter((each) => each === shape).length > 1);
  expect(worst).toEqual([]);
  expect(missed.length).toBeLessThan(shapes.length * SAMPLES * 0.002);
});

test("one character less than the least is no token of that shape", () => {
  const random = createRandom(2);
  const wrong = shapes.filter(({ row, shape }) => {
    const parts = parseShape(shape);
    if (parts.at(-1)?.isPlain === true || parts.at(-1)?.min === 0) return false;
    const sample = sampleShape(shape, random, "least").slice(0, -1);
    return find([{ ...row, shapes: [shape] }], ` ${sample} `).includes(sample);
  });
  expect(wrong.map(({ shape }) => shape)).toEqual([]);
});

test("a token in the middle of a longer word is none, unless its row says so", () => {
  const random = createRandom(3);
  const wrong = shapes.filter(({ row, shape }) => {
    if (row.left === "any") return false;
    const sample = sampleShape(shape, random);
    return find([{ ...row, shapes: [shape] }], `Zz_${sample}`).includes(sample);
  });
  expect(wrong.map(({ shape }) => shape)).toEqual([]);
});

test.each([
  [
    "ids of the protocol",
    "resp_920c8c0fedaa18ebd3fb7c6654a913d1230ccd7e310bd33b msg_68af0c1f toolu_01PmmU8MoXNxlFM1aoOwOop7",
  ],
  [
    "ids of the protocol",
    "call_ydCojRSxzHVcWNnBXppNoT13 chatcmpl-llyVRtcGhxzluxbuMly266pZ3e4KP file-nm5emgs1vNzf8akNSpSNVddp",
  ],
  [
    "ids of the protocol",
    "run_Mf4u5oQLek94oMdM39OLWSUj thread_UwQmE0yMp7KWNIKIEsuyID9Y vs_a34fa74fdda189930ae28b5f03505ce1",
  ],
  [
    "ids of the protocol",
    "rs_bc89983a63ab5aac5288aa3ef684b085211538f97a8d12b7 cntr_ec9d5403acfbf379146ef65bffca48215720403cbde7eea3",
  ],
  [
    "ids of Stripe's objects",
    "price_1cHubDdXMXVu0aasX0cSx2s sub_1d9QZc8hjA6wl50OZt1tGD1 ch_392mrthakqpuNOKmUkhD1JN cus_NffrFeUfNV2Hib",
  ],
  [
    "digests",
    "sha512-d7AIWiFCoZzoWTR1ExUkX2TzfPIPRYRO9W9YC/X3biVyMTSZ5Rbu/nBjETvsP7twE5DDvL9E1aCObpAn/GNFI7==",
  ],
  ["digests", "node:20@sha256:b9e869a65d9868f472c5add511ae5e179e77cc687008556db57c73f399a2f241"],
  ["UUIDs and commits", "86091fb4-d090-441d-930b-714ac7541e49 a6b79bb39e9959b90e3c765167eb1e6b8f7b8ca0"],
  [
    "sealed reasoning",
    "gAAAAABn0119BpoEKbuYsNMDOrpdBkfnbr9tY4P5A9tiYT4rWEVKu8olUVErOQvub7tTcFOEJqW0Zg20399i10Q2oqyDaUR",
  ],
  ["documented examples", "AK¦IAIOSFODNN7EXAMPLE AK¦IAI44QH8DHBEXAMPLE"],
  [
    "placeholders",
    "sk-pr¦oj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ghp_your_token_here sk_te¦st_xxxxxxxxxxxxxxxxxxxxxxxx",
  ],
  [
    "placeholders",
    "xoxb-your-bot-token-here gh¦p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx gl¦pat-xxxxxxxxxxxxxxxxxxxx",
  ],
  [
    "placeholders",
    "AI¦zaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX h¦f_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AK¦IAXXXXXXXXXXXXXXXX",
  ],
  [
    "words with such a beginning",
    "task-management risk-assessment-of-the-whole-project-in-detail disk-usage desk_live_chat",
  ],
  [
    "words with such a beginning",
    "sk-estonian-language-pack-with-many-words live_preview_of_the_document_that_is_open",
  ],
  [
    "words with such a beginning",
    "key-value-store pattern.internationalization secret-santa-invitations token-bucket:algorithm",
  ],
  [
    "public keys",
    "age17rv5fmal33av8khqhw7zq3fuwxzf4espc99wddz85cyr7ey2gv47sq3w23 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
  ],
  [
    "names in code",
    "access_control_allow_credentials test_the_gateway_refuses_what_it_does_not_know re_compile_pattern",
  ],
  ["wrong alphabet", "gh¦p_z0enEBhf2OsHDVcYPkQRSX-kvlQ3DDHWg5o9 np¦m_2C84w2apPpn0kVNUhMtr8P7oi5!nxf9mAhwy"],
  ["too short", "gh¦p_z0enEBhf2OsHDVcYPkQRSXXkvlQ3DDHWg5o AK¦IAKKQK3TQM4LYMP7C gl¦pat-MIZsWoOwRlf1r7yd9rm"],
  ["other SK and AC", "SKU40063813339310001234567890123456 ACCOUNT64210c5d4102f0de16b29621de231f9a"],
])("%s are no tokens: %s", (_, text) => {
  // The mark keeps what looks like a key from standing whole in this file.
  expect(find(TOKENS, text.replaceAll("¦", ""))).toEqual([]);
});

/** Finds a row's tokens in the plainest way: a shape is a regular expression too. */
function find(rows: readonly TokenRow[], text: string): string[] {
  const found: string[] = [];
  for (const row of rows) {
    for (const shape of row.shapes) {
      const left = row.left === "any" ? "" : "(?<![A-Za-z0-9_])";
      const right = row.right === "any" ? "" : "(?![A-Za-z0-9_])";
      for (const [match] of text.matchAll(
        new RegExp(left + shape + right, row.anyCase === true ? "gi" : "g"),
      )) {
        if (toEntropy(match) >= (row.entropy ?? 0) && row.not?.includes(match) !== true) found.push(match);
      }
    }
  }
  return found;
}

function toEntropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function longestRun(shape: string): number {
  let longest = 0;
  let run = 0;
  for (const { isPlain } of parseShape(shape)) {
    run = isPlain ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** A part of any length must not be able to take what the next class needs. */
function goesBack(parts: readonly SamplePart[]): boolean {
  return parts.some((part, index) => {
    const next = parts[index + 1];
    if (part.min === part.max || next === undefined || next.isPlain) return false;
    return next.characters.some((character) => part.characters.includes(character));
  });
}
