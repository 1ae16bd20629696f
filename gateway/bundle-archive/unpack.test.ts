// Archives that are larger, odder or shorter than a bundle.

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { packBundle } from "./pack.ts";
import { BUNDLE_LIMITS, unpackBundle } from "./unpack.ts";

async function archive(names: readonly string[], bytes = Buffer.from("x")): Promise<Buffer> {
  const packing = pack();
  for (const name of names) packing.entry({ name }, bytes);
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

describe("unpackBundle", () => {
  it("gives back what was packed, and the same files give the same bytes", async () => {
    const files = new Map([
      ["data.json", Buffer.from("{}")],
      ["empty", Buffer.of()],
      [`${"long/".repeat(40)}policy.wasm`, randomBytes(300_000)],
    ]);
    const packed = await packBundle(files);
    expect(await unpackBundle(packed)).toEqual(files);
    expect(packed.equals(await packBundle(files))).toBe(true);
  });

  it("refuses what unpacks to far more than it is, and lets others be served until then", async () => {
    const bomb = gzipSync(Buffer.alloc(256 << 20));
    expect(bomb.byteLength).toBeLessThan(1 << 20);
    let turns = 0;
    let isDone = false;
    const count = (): void => void (turns++, isDone || setImmediate(count));
    setImmediate(count);
    // The beginning of a zeroed archive holds no files, so that only its length tells.
    await expect(unpackBundle(bomb)).rejects.toThrow("unpacks to more than");
    isDone = true;
    expect(turns).toBeGreaterThan(10);
  });

  it("refuses a file that says it is longer than all of a bundle", async () => {
    const packing = pack();
    packing.entry({ name: "/data.json", size: BUNDLE_LIMITS.unpacked + 1 });
    const chunks: Buffer[] = [];
    packing.on("data", (chunk) => Buffer.isBuffer(chunk) && chunks.push(chunk));
    await new Promise(setImmediate);
    await expect(unpackBundle(gzipSync(Buffer.concat(chunks)))).rejects.toThrow("unpacks to more than");
    packing.destroy();
  });

  it("takes the names of files that two programs read alike, and no others", async () => {
    expect([...(await unpackBundle(await archive(["/a", "./b/c", "d/e.f"]))).keys()]).toEqual([
      "a",
      "b/c",
      "d/e.f",
    ]);
    for (const odd of ["a//b", "a/./b", "a/../b", "/..", "a\\b", "a\nb", "."])
      await expect(unpackBundle(await archive([odd])), odd).rejects.toThrow("odd place");
  });

  it("refuses an archive that ends in a file, and what is no archive", async () => {
    const whole = await archive(["a", "b"], randomBytes(20_000));
    for (const share of [0.1, 0.5, 0.9])
      await expect(unpackBundle(whole.subarray(0, whole.length * share)), String(share)).rejects.toThrow(
        "cut short",
      );
    await expect(unpackBundle(Buffer.of())).rejects.toThrow();
    await expect(unpackBundle(Buffer.from("GET / HTTP/1.1"))).rejects.toThrow("no gzip");
  });
});
