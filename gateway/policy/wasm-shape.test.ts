// Modules that no build of OPA makes: what they could take or stop is refused before it runs, or ended.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { packBundle } from "../bundle-archive/pack.ts";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import { createPolicy } from "./load.ts";
import { TimeLimitError } from "./time-limit.ts";
import type { TrialLimits } from "./trial.ts";

type Section = { readonly id: number; readonly content: Buffer };

let folder = "";
let files: ReadonlyMap<string, Buffer>;
let head: Buffer;
let sections: readonly Section[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-shape-"));
  files = await unpackBundle(await readFile(new URL("../../bundles/default.tar.gz", import.meta.url)));
  const module = files.get("policy.wasm") ?? Buffer.alloc(0);
  head = module.subarray(0, 8);
  sections = readSections(module);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Gives a number that begins at a place, and where it ends. */
function readNumber(bytes: Buffer, at: number): readonly [number, number] {
  let value = 0;
  for (let index = at; ; index += 1) {
    const next = bytes[index] ?? 0;
    value += (next & 0x7f) * 2 ** (7 * (index - at));
    if (next < 0x80) return [value, index + 1];
  }
}

function writeNumber(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function readSections(module: Buffer): readonly Section[] {
  const found: Section[] = [];
  for (let at = 8; at < module.length;) {
    const [length, begin] = readNumber(module, at + 1);
    found.push({ id: module[at] ?? 0, content: module.subarray(begin, begin + length) });
    at = begin + length;
  }
  return found;
}

/** Gives the module with a section in the place of its own, or where it belongs. */
function withSection(id: number, content: Buffer): Buffer {
  const others = sections.filter((one) => one.id !== id);
  const next = others.findIndex((one) => one.id > id);
  return Buffer.concat([
    head,
    ...others
      .toSpliced(next < 0 ? others.length : next, 0, { id, content })
      .flatMap((one) => [Buffer.from([one.id]), writeNumber(one.content.length), one.content]),
  ]);
}

const contentOf = (id: number): Buffer => sections.find((one) => one.id === id)?.content ?? Buffer.alloc(0);

/** Gives the module with a start that never ends. */
function withEndlessStart(): Buffer {
  const imported = 6;
  const start = readNumber(contentOf(8), 0)[0] - imported;
  const code = contentOf(10);
  const [count, begin] = readNumber(code, 0);
  const bodies: Buffer[] = [];
  for (let at = begin; bodies.length < count;) {
    const [length, from] = readNumber(code, at);
    bodies.push(code.subarray(from, from + length));
    at = from + length;
  }
  // (loop (br 0))
  const changed = bodies.with(start, Buffer.from([0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b]));
  return withSection(
    10,
    Buffer.concat([writeNumber(count), ...changed.flatMap((body) => [writeNumber(body.length), body])]),
  );
}

async function open(module: Buffer, trial: Partial<TrialLimits> = {}): Promise<void> {
  const bundlePath = join(folder, "bundle.tar.gz");
  writeFileSync(bundlePath, await packBundle(new Map([...files, ["policy.wasm", module]])));
  const policy = await createPolicy({
    bundlePath,
    operatorPath: null,
    trust: null,
    checkPatterns: () => {},
    log: createKeptLog(),
    trial: { warmUps: 0, ...trial },
  });
  policy.close();
}

test("a module of OPA's is taken when it is put together again", async () => {
  await open(withSection(4, contentOf(4)));
});

test("memory, tables and objects of a module's own are refused before it runs", async () => {
  const types = contentOf(1);
  const [count, begin] = readNumber(types, 0);
  const addType = (...bytes: number[]) =>
    withSection(1, Buffer.concat([writeNumber(count + 1), types.subarray(begin), Buffer.from(bytes)]));
  const long = writeNumber(9_000_000);
  for (const [module, reason] of [
    [withSection(5, Buffer.from([1, 0, 1])), "a memory of its own"],
    [withSection(4, Buffer.concat([Buffer.from([1, 0x70, 1, 0xbd, 1]), long])), "has tables"],
    [withSection(4, Buffer.from([1, 0x70, 0, 0xbd, 1])), "has tables"],
    [
      withSection(
        4,
        Buffer.concat([Buffer.from([2]), contentOf(4).subarray(1), Buffer.from([0x70, 1, 1, 1])]),
      ),
      "has tables",
    ],
    [withSection(4, Buffer.from([1, 0x6f, 1, 1, 1])), "has tables"],
    // An array of bytes, and a function of a reference.
    [addType(0x5e, 0x78, 1), "has types"],
    [addType(0x60, 1, 0x6f, 0), "has types"],
    [withSection(13, Buffer.from([0])), "a section 13"],
    [withSection(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])), "too long"],
    [withSection(1, Buffer.from([5, 0x60])), "cut short"],
  ] as const)
    await expect(open(module), reason).rejects.toThrow(reason);
});

test("a module that doesn't end to start is refused in time", async () => {
  await expect(open(withEndlessStart(), { instantiateMs: 300 })).rejects.toMatchObject({
    message: expect.stringContaining("took longer than 300 ms"),
    cause: { cause: expect.any(TimeLimitError) },
  });
});
