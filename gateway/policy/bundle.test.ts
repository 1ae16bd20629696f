// What a bundle may look like.

import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { BUNDLE_LIMITS } from "../bundle-archive/unpack.ts";
import { readBundle } from "./bundle.ts";
import type { ReadOptions } from "./bundle.ts";

const MANIFEST = {
  revision: "r1",
  roots: ["gateway"],
  wasm: [{ entrypoint: "gateway/main/request", module: "/policy.wasm" }],
};
const FILES = {
  "/.manifest": JSON.stringify(MANIFEST),
  "/data.json": JSON.stringify({ gateway: { params: {} } }),
  "/policy.wasm": "wasm",
};

async function archive(files: Record<string, string>, links: readonly string[] = []): Promise<Buffer> {
  const packing = pack();
  for (const [name, text] of Object.entries(files)) packing.entry({ name }, text);
  for (const name of links) packing.entry({ name, type: "symlink", linkname: "/etc/passwd" });
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  return gzipSync(Buffer.concat(chunks));
}

const manifest = (more: object) => ({ ...FILES, "/.manifest": JSON.stringify({ ...MANIFEST, ...more }) });

const BUILT = { source_digest: "s", opa: "1.22.0", detectors: "d" };
const METADATA = { format: 1, facts: 1, reads: {}, phases: [], rules: [], rego_patterns: 0, canaries: [] };
const told = (more: object) => manifest({ metadata: { tollgate: { ...METADATA, ...more } } });

const read = (packed: Buffer, options: Partial<ReadOptions> = {}) =>
  readBundle(packed, { trust: null, ...options });

describe("readBundle", () => {
  it("gives the manifest, the module and the data", async () => {
    const bundle = await read(await archive(FILES));
    expect(bundle.manifest.revision).toBe("r1");
    expect(bundle.wasm.toString()).toBe("wasm");
    expect(bundle.data).toEqual({ params: {} });
  });

  it("gives the serial and what the build says of itself, where they are said", async () => {
    const built = { ...BUILT, commit: "c", author: "A", time: "2026-01-02T03:04:05+01:00" };
    const whole = await read(await archive(told({ serial: 1_767_320_645, built })));
    expect(whole.manifest.metadata?.tollgate).toMatchObject({ serial: 1_767_320_645, built });
    const bare = await read(await archive(told({})));
    expect(bare.manifest.metadata?.tollgate?.serial).toBeUndefined();
  });

  const refused: Record<string, [Record<string, string>, string]> = {
    "without a manifest": [{ "/data.json": FILES["/data.json"] }, "lacks .manifest"],
    "whose manifest is no JSON": [{ ...FILES, "/.manifest": "{" }, "no JSON"],
    "without a revision": [manifest({ revision: "" }), "revision"],
    "whose revision can't be recorded": [manifest({ revision: "r\u0000" }), "revision must have"],
    "whose revision fills the record": [manifest({ revision: "r".repeat(257) }), "revision must have"],
    "without WebAssembly": [manifest({ wasm: undefined }), "tollgate policy build"],
    "with other roots": [manifest({ roots: ["gateway", "other"] }), "roots"],
    "whose module is missing": [
      { "/.manifest": FILES["/.manifest"], "/data.json": FILES["/data.json"] },
      "module",
    ],
    "with data outside its root": [{ ...FILES, "/data.json": '{"other": {}}' }, "below `gateway`"],
    "with data in a second place": [{ ...FILES, "/gateway/data.json": "{}" }, "one data.json"],
    "that sets the data revision itself": [
      { ...FILES, "/data.json": '{"gateway": {"rev": "x"}}' },
      "gateway.rev",
    ],
    "that sets the operator's data itself": [
      { ...FILES, "/data.json": '{"gateway": {"operator": {}}}' },
      "gateway.operator",
    ],
    "with metadata of another format": [manifest({ metadata: { tollgate: { format: 2 } } }), "malformed"],
    "whose serial is no whole number above 0": [told({ serial: 0 }), "serial"],
    "whose serial is too large to be compared": [told({ serial: 2 ** 53 }), "serial"],
    "that says of its build what nobody reads": [told({ built: { ...BUILT, by: "x" } }), "built"],
    "that leads out of itself": [{ ...FILES, "/../evil": "x" }, "odd place"],
    "with a file that stands twice": [{ ...FILES, "./policy.wasm": "other" }, "twice"],
  };
  for (const [what, [files, reason]] of Object.entries(refused))
    it(`refuses a bundle ${what}`, async () => {
      await expect(read(await archive(files))).rejects.toThrow(reason);
    });

  it("refuses links", async () => {
    await expect(read(await archive(FILES, ["/link"]))).rejects.toThrow("no plain file");
  });

  it("refuses what is no archive, or half of one", async () => {
    await expect(read(Buffer.from("no gzip"))).rejects.toThrow("gzip");
    await expect(
      read(gzipSync(Buffer.from("no tar, but long enough to be looked at".repeat(50)))),
    ).rejects.toThrow();
    const whole = await archive(FILES);
    await expect(read(whole.subarray(0, whole.length >> 1))).rejects.toThrow("gzip");
  });

  it("refuses a small file that unpacks to a large one, before it is unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(4 << 20));
    await expect(read(bomb, { limits: { ...BUNDLE_LIMITS, unpacked: 1 << 20 } })).rejects.toThrow(
      "more than",
    );
    await expect(read(Buffer.alloc(100), { limits: { ...BUNDLE_LIMITS, packed: 99 } })).rejects.toThrow(
      "longer",
    );
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/file${index}`, "x"]));
    await expect(
      read(await archive({ ...FILES, ...many }), { limits: { ...BUNDLE_LIMITS, files: 10 } }),
    ).rejects.toThrow("more than 10");
  });
});
