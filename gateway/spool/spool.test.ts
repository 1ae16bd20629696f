import { randomBytes } from "node:crypto";
import { mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSpools } from "./spool.ts";
import type { Spool } from "./spool.ts";

const MIB = 1024 * 1024;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-spool-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function openSpools(limits: { memoryBytes?: number; bytes?: number; totalBytes?: number } = {}) {
  return createSpools(folder, { memoryBytes: MIB, bytes: 64 * MIB, totalBytes: 128 * MIB, ...limits });
}

async function readAll(spool: Spool, from = 0, to = spool.size): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read(from, to)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("gives back what was written, whatever the pieces and the place", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 12 }),
      fc.integer({ min: 0, max: 300_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (sizes, memoryBytes, a, b) => {
        const spool = openSpools({ memoryBytes }).open();
        const pieces = sizes.map((size) => randomBytes(size));
        for (const piece of pieces) await spool.write(piece);
        const whole = Buffer.concat(pieces);
        const [from = 0, to = 0] = [a, b]
          .map((part) => Math.floor(part * whole.length))
          .toSorted((x, y) => x - y);
        expect((await readAll(spool)).equals(whole)).toBe(true);
        expect((await readAll(spool, from, to)).equals(whole.subarray(from, to))).toBe(true);
        await spool.close();
      },
    ),
    { numRuns: 40 },
  );
});

test("keeps small bodies in memory, and large ones in a file without a name", async () => {
  const spools = openSpools();
  const small = spools.open();
  await small.write(Buffer.alloc(MIB));
  expect(spools.used).toBe(0);
  const large = spools.open();
  await large.write(Buffer.alloc(2 * MIB));
  expect(spools.used).toBeGreaterThan(MIB);
  expect(readdirSync(folder)).toEqual([]);
  await large.close();
  expect(spools.used).toBe(0);
  await small.close();
});

test("writes nothing to the disk that can be read there", async () => {
  const spool = openSpools({ memoryBytes: 0 }).open();
  await spool.write(Buffer.alloc(4 * MIB, "a text that nobody else may read "));
  const file = readdirSync("/proc/self/fd")
    .map((name) => `/proc/self/fd/${name}`)
    .find((path) => {
      try {
        return readlinkSync(path).startsWith(folder);
      } catch {
        return false;
      }
    });
  const onDisk = readFileSync(file ?? "");
  expect(onDisk.length).toBeGreaterThan(4 * MIB);
  expect(onDisk.includes("nobody else")).toBe(false);
  writeSync(openSync(file ?? "", "r+"), "x", 3 * MIB);
  await expect(readAll(spool)).rejects.toThrow();
  await spool.close();
});

test("refuses what is over the limit of one body, and of all", async () => {
  const spools = openSpools({ bytes: 3 * MIB, totalBytes: 4 * MIB });
  const one = spools.open();
  await one.write(Buffer.alloc(3 * MIB));
  await expect(one.write(Buffer.alloc(1))).rejects.toMatchObject({ code: "body_too_large" });
  const two = spools.open();
  await expect(two.write(Buffer.alloc(2 * MIB))).rejects.toMatchObject({ code: "spool_full" });
  await two.close();
  await one.close();
  expect(spools.used).toBe(0);
});

test("gives nothing any more once it is closed", async () => {
  const spool = openSpools({ memoryBytes: 0 }).open();
  await spool.write(Buffer.alloc(MIB));
  const reading = spool.read(0, MIB);
  await reading.next();
  await spool.close();
  await expect(reading.next()).rejects.toMatchObject({ code: "request_timeout" });
});
