// The door to OPA's WebAssembly: the only file that knows the npm package and what a compiled policy looks like inside.

import * as opaWasm from "@open-policy-agent/opa-wasm";
import { z } from "zod";
import { checkShape } from "./wasm-shape.ts";

// The compiler's library has no types for WebAssembly without those of a browser.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}

/** Says how much memory an instance may take, in pages of 64 KiB. */
export type MemoryPages = { readonly initial: number; readonly maximum: number };

/** A compiled policy, of which instances are made. */
export type CompiledPolicy = {
  /** Whether the module holds OPA's regular expressions or globs, which it compiles anew in each evaluation. */
  readonly hasPatterns: boolean;
  /**
   * Makes an instance with its data, in about 0.1 ms. Throws whatever the engine throws: strings and plain objects too.
   */
  instantiate(data: ArrayBuffer, memory: MemoryPages): PolicyInstance;
};

/** One memory and one heap: not re-entrant, and of no use after it has thrown once. */
export type PolicyInstance = {
  /** Numbers of the entrypoints by name (`gateway/main/request`); they differ from build to build. */
  readonly entrypoints: ReadonlyMap<string, number>;
  /** Names of the builtins that the module asks its host for. */
  readonly builtins: readonly string[];
  /** Evaluates an entrypoint on the input's JSON; null runs it without input. Gives OPA's result set as JSON. */
  evaluate(entrypoint: number, input: string | null): string;
  /** Memory in use, in pages of 64 KiB. */
  pages(): number;
};

type Loaded = {
  setData(data: ArrayBuffer): void;
  readonly minorVersion: unknown;
  readonly entrypoints: unknown;
  readonly dataAddr: unknown;
  readonly dataHeapPtr: unknown;
  readonly mem: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly wasmInstance: { readonly exports: unknown };
};
type LoadSync = (
  module: WebAssembly.Module,
  memory: { initial: number; maximum: number },
  builtins: object,
) => Loaded;

// Its ES module shows `loadPolicySync` on the default export only, which its types do not have.
const packageShape = z.object({
  default: z.object({ loadPolicySync: z.custom<LoadSync>((value) => typeof value === "function") }),
});
const entrypointsShape = z.record(z.string(), z.int().nonnegative());
const exportsShape = z.object({
  builtins: z.custom<() => number>((value) => typeof value === "function"),
  opa_json_dump: z.custom<(address: number) => number>((value) => typeof value === "function"),
  opa_eval: z.custom<OpaEval>((value) => typeof value === "function"),
});

type OpaEval = (
  reserved: 0,
  entrypoint: number,
  data: number,
  input: number,
  inputLength: number,
  heap: number,
  format: 0,
) => number;

const addressesShape = z.object({ dataAddr: z.int(), dataHeapPtr: z.int() });

/** `opa_eval` came with the second version of OPA's interface to its host. */
const OLDEST_MINOR = 2;
const PAGE = 65_536;
/** Many times what the effects of one decision take. */
const LONGEST_ANSWER = 8 << 20;

/** What a policy of OPA imports; `opa_println`, which would write to standard output, is not among it. */
const IMPORTS = new Set([
  "memory",
  "opa_abort",
  "opa_builtin0",
  "opa_builtin1",
  "opa_builtin2",
  "opa_builtin3",
  "opa_builtin4",
]);

/** Compiles a policy off the main thread. Throws an Error where the bytes are no policy of OPA. */
export async function compilePolicy(bytes: Uint8Array): Promise<CompiledPolicy> {
  const { loadPolicySync } = packageShape.parse(opaWasm).default;
  checkShape(bytes);
  const module = await WebAssembly.compile(bytes);
  const foreign = WebAssembly.Module.imports(module).find(
    ({ module, name }) => module !== "env" || !IMPORTS.has(name),
  );
  if (foreign !== undefined) throw new Error(`the module imports ${foreign.module}.${foreign.name}`);
  return {
    hasPatterns: holdsPatterns(module),
    instantiate(data, memory) {
      const loaded = loadPolicySync(module, { ...memory }, {});
      loaded.setData(data);
      return {
        entrypoints: new Map(Object.entries(entrypointsShape.parse(loaded.entrypoints))),
        builtins: readBuiltins(loaded),
        evaluate: createEvaluate(loaded),
        pages: () => loaded.mem.buffer.byteLength / 65_536,
      };
    },
  };
}

/**
 * Evaluates as the package's own `evaluate` does, but writes the text where the engine reads it and reads the answer
 * where it lies: the package copies both, and looks for the answer's end byte by byte.
 */
function createEvaluate(loaded: Loaded): PolicyInstance["evaluate"] {
  const { opa_eval } = exportsShape.parse(loaded.wasmInstance.exports);
  const { mem, minorVersion, ...addresses } = loaded;
  z.int().min(OLDEST_MINOR).parse(minorVersion);
  const { dataAddr, dataHeapPtr } = addressesShape.parse(addresses);
  let view = Buffer.from(mem.buffer);
  // Memory that grows gets another buffer.
  const toView = (): Buffer => (view.buffer === mem.buffer ? view : (view = Buffer.from(mem.buffer)));
  return (entrypoint, input) => {
    const length = input === null ? 0 : Buffer.byteLength(input);
    const missing = dataHeapPtr + length - mem.buffer.byteLength;
    if (missing > 0) mem.grow(Math.ceil(missing / PAGE));
    if (input !== null) toView().write(input, dataHeapPtr, length, "utf8");
    const at = input === null ? 0 : dataHeapPtr;
    const answer = opa_eval(0, entrypoint, dataAddr, at, length, dataHeapPtr + length, 0);
    const bytes = toView();
    const end = bytes.indexOf(0, answer);
    if (end - answer > LONGEST_ANSWER) throw new Error("the answer is too long");
    return bytes.toString("utf8", answer, end);
  };
}

/** OPA leaves out what is not used, names included, so that the names tell. A module without names may hold anything. */
function holdsPatterns(module: WebAssembly.Module): boolean {
  const sections = WebAssembly.Module.customSections(module, "name").map((bytes) => Buffer.from(bytes));
  return (
    sections.length === 0 ||
    sections.some((names) => names.includes("opa_regex_") || names.includes("opa_glob_"))
  );
}

function readBuiltins(loaded: Loaded): string[] {
  const exports = exportsShape.parse(loaded.wasmInstance.exports);
  const start = exports.opa_json_dump(exports.builtins());
  const bytes = Buffer.from(loaded.mem.buffer);
  const text = bytes.toString("utf8", start, bytes.indexOf(0, start));
  return Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
}
