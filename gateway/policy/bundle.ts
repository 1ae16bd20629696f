// Reads a bundle: unpacks it within limits, verifies its signature, and checks its manifest and data.

import { createHash } from "node:crypto";
import { z } from "zod";
import { BUNDLE_LIMITS, toFileName, unpackBundle } from "../bundle-archive/unpack.ts";
import type { BundleFiles, BundleLimits } from "../bundle-archive/unpack.ts";
import { verifySignature } from "../bundle-signature/bundle-signature.ts";
import type { Trust } from "../config/signing.ts";
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

export type ReadOptions = {
  readonly limits?: BundleLimits;
  /** Who must have signed it; null: no keys are configured, and no signature is asked for. */
  readonly trust: Trust | null;
};

/** Unpacks and checks a bundle. Throws `PolicyLoadError` that says what is wrong with it. */
export async function readBundle(packed: Buffer, options: ReadOptions): Promise<Bundle> {
  const files = await unpackBundle(packed, options.limits ?? BUNDLE_LIMITS);
  if (options.trust !== null) await verifySignature(files, options.trust);
  const manifest = manifestSchema.safeParse(readJson(files, ".manifest"));
  if (!manifest.success)
    throw new PolicyLoadError(`its manifest is malformed:\n${z.prettifyError(manifest.error)}`);
  const modules = new Set(manifest.data.wasm.map(({ module }) => toFileName(module)));
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

function readJson(files: BundleFiles, name: string): Json {
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
