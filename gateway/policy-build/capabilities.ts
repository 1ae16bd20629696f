// Finds out which builtins OPA's WebAssembly has itself: the rest compile, and throw when they are called.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import { compilePolicy } from "../policy/wasm.ts";
import type { Opa } from "./run-opa.ts";

const builtin = z.looseObject({
  name: z.string(),
  infix: z.string().optional(),
  relation: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  decl: z.looseObject({ args: z.array(z.unknown()).optional() }),
});
const capabilities = z.object({
  builtins: z.array(builtin),
  features: z.array(z.string()),
  future_keywords: z.array(z.string()),
});

/** Works otherwise than in OPA, or compiles its pattern in each evaluation. */
const UNWANTED = /^(?:regex\.|glob\.|sprintf$|print$|internal\.print$|trace$)/;
const PATTERNS = new Set(["regex.match", "glob.match"]);

/** Gives the capabilities that bundles are built with, as JSON; with `allowPatterns` `regex.match` and `glob.match` too. */
export function toCapabilities(opa: Opa, allowPatterns: boolean): Promise<string> {
  return opa.once(`capabilities ${allowPatterns}`, () => listCapabilities(opa, allowPatterns));
}

async function listCapabilities(opa: Opa, allowPatterns: boolean): Promise<string> {
  const all = capabilities.parse(JSON.parse(await opa.run(["capabilities", "--current"])));
  const missing = await findMissing(
    opa,
    all.builtins.filter((one) => !isOutdated(one)),
  );
  const builtins = all.builtins.filter(
    (one) =>
      !isOutdated(one) &&
      !missing.has(one.name) &&
      (!UNWANTED.test(one.name) || (allowPatterns && PATTERNS.has(one.name))),
  );
  // What else OPA lists depends on how it was built.
  const { features, future_keywords } = all;
  return `${JSON.stringify({ builtins, features, future_keywords, allow_net: [] }, null, 1)}\n`;
}

/** What reaches out of a test, or into the machine that runs it. */
const OUTSIDE = new Set(["http.send", "net.lookup_ip_addr", "opa.runtime"]);

/** Gives the capabilities that sources are typed and tested with, as JSON: OPA's own, without what reaches outside. */
export async function toTestCapabilities(opa: Opa): Promise<string> {
  const all = capabilities.parse(JSON.parse(await opa.run(["capabilities", "--current"])));
  return JSON.stringify({
    ...all,
    builtins: all.builtins.filter(({ name }) => !OUTSIDE.has(name)),
    allow_net: [],
  });
}

async function findMissing(
  opa: Opa,
  builtins: readonly z.infer<typeof builtin>[],
): Promise<ReadonlySet<string>> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-capabilities-"));
  try {
    const rules = builtins
      // Those with an infix are the language's own, and those of `internal` are what it is compiled to.
      .filter(
        ({ name, infix }) => infix === undefined && !name.startsWith("internal.") && !UNWANTED.test(name),
      )
      .map(({ name, decl, relation }, index) => {
        const parameters = (decl.args ?? []).map((_, position) => `input.x${position}`).join(", ");
        if (relation === true) return `r${index} := found if ${name}(${parameters}, found)\n`;
        return `r${index} := ${name}(${parameters})\n`;
      });
    writeFileSync(join(folder, "probe.rego"), `package probe\n\n${rules.join("\n")}`);
    const bundle = join(folder, "probe.tar.gz");
    await opa.run(["build", "-t", "wasm", "-O=0", "-e", "probe", "-o", bundle, "probe.rego"], {
      cwd: folder,
    });
    const wasm = (await unpackBundle(readFileSync(bundle))).get("policy.wasm");
    const compiled = await compilePolicy(wasm ?? Buffer.alloc(0));
    const instance = compiled.instantiate(new TextEncoder().encode("{}").buffer, {
      initial: 64,
      maximum: 256,
    });
    return new Set(instance.builtins);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function isOutdated({ deprecated, name }: z.infer<typeof builtin>): boolean {
  return deprecated === true || name === "re_match";
}
