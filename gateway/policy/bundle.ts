// Reads a bundle: unpacks it within limits and checks its manifest and data.

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { z } from "zod";
import { isJsonObject } from "./json.ts";
import { manifestSchema, type BundleManifest } from "./manifest.ts";
import { PolicyLoadError } from "./load-error.ts";
import type { Json, JsonObject } from "../exchange.ts";

export type Bundle = {
  readonly manifest: BundleManifest;
  readonly wasm: Buffer;
  /** `data.gateway` of the bundle. */
  readonly data: JsonObject;
  readonly digest: string;
};

export type BundleLimits = {
  /** Bytes as packed, as unpacked, and files. */
  readonly packed: number;
  readonly unpacked: number;
  readonly files: number;
};

/** What a bundle may measure. */
export const BUNDLE_LIMITS: BundleLimits = { packed: 16 << 20, unpacked: 64 << 20, files: 2000 };

/** Unpacks and checks a bundle. Throws `PolicyLoadError` that says what is wrong with it. */
export async function readBundle(packed: Buffer, limits: BundleLimits = BUNDLE_LIMITS): Promise<Bundle> {
  const files = await unpack(packed, limits);
  const manifest = manifestSchema.safeParse(readJson(files, ".manifest"));
  if (!manifest.success)
    throw new PolicyLoadError(`its manifest is malformed:\n${z.prettifyError(manifest.error)}`);
  const modules = new Set(manifest.data.wasm.map(({ module }) => toName(module)));
  const wasm = files.get([...modules][0] ?? "");
  if (modules.size !== 1 || wasm === undefined)
    throw new PolicyLoadError("it must hold one WebAssembly module");
  const astray = [...files.keys()].find(
    (name) => /(?:^|\/)data\.(?:json|ya?ml)$/.test(name) && name !== "data.json",
  );
  if (astray !== undefined)
    throw new PolicyLoadError(`its data must stand in one data.json, not in ${astray}`);
  return {
    manifest: manifest.data,
    wasm,
    data: readData(readJson(files, "data.json")),
    digest: createHash("sha256").update(packed).digest("hex"),
  };
}

async function unpack(packed: Buffer, limits: BundleLimits): Promise<ReadonlyMap<string, Buffer>> {
  if (packed.byteLength > limits.packed)
    throw new PolicyLoadError(`it is longer than ${limits.packed} bytes`);
  let unpacked: Buffer;
  try {
    unpacked = gunzipSync(packed, { maxOutputLength: limits.unpacked });
  } catch (cause) {
    throw new PolicyLoadError(`it is no gzip of at most ${limits.unpacked} bytes`, { cause });
  }
  const files = new Map<string, Buffer>();
  const archive = extract();
  Readable.from([unpacked]).pipe(archive);
  try {
    for await (const entry of archive) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
      if (entry.header.type === "directory") continue;
      const name = toName(entry.header.name);
      if (entry.header.type !== "file") throw new PolicyLoadError(`it holds ${name}, which is no plain file`);
      if (name.split("/").includes("..") || files.has(name))
        throw new PolicyLoadError(`it holds ${name} in an odd place or twice`);
      files.set(name, Buffer.concat(chunks));
      if (files.size > limits.files) throw new PolicyLoadError(`it holds more than ${limits.files} files`);
    }
  } catch (cause) {
    if (cause instanceof PolicyLoadError) throw cause;
    throw new PolicyLoadError("it is no tar archive, or is cut short", { cause });
  }
  return files;
}

function toName(path: string): string {
  return path.replace(/^(?:\.?\/)+/, "");
}

function readJson(files: ReadonlyMap<string, Buffer>, name: string): Json {
  const bytes = files.get(name);
  if (bytes === undefined) throw new PolicyLoadError(`it lacks ${name}`);
  try {
    const value: Json = JSON.parse(bytes.toString("utf8"));
    return value;
  } catch (cause) {
    throw new PolicyLoadError(`its ${name} is no JSON`, { cause });
  }
}

function readData(value: Json): JsonObject {
  const data = isJsonObject(value) ? value["gateway"] : undefined;
  if (!isJsonObject(value) || !isJsonObject(data) || Object.keys(value).length !== 1)
    throw new PolicyLoadError("its data must stand below `gateway`, and nowhere else");
  for (const name of ["rev", "operator"] as const)
    if (Object.hasOwn(data, name))
      throw new PolicyLoadError(`its data has gateway.${name}, which the gateway sets`);
  return data;
}
