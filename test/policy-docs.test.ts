// That docs/policy.md says what is there, and that its examples work as they stand.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPolicy } from "../gateway/policy/load.ts";
import { readBundle } from "../gateway/policy/bundle.ts";
import { toSampleFacts } from "../gateway/policy/sample-facts.ts";
import { buildBundle } from "../gateway/policy-build/build.ts";
import { findOpa } from "../gateway/policy-build/run-opa.ts";
import { createKeptLog } from "./policy/silent-log.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const page = readFileSync(path("../docs/policy.md"), "utf8");
const blocks = (language: string) =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text ?? "");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-docs-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("docs/policy.md and docs/policy-rules.md", () => {
  it("list every rule of the default bundle, and no other", async () => {
    const { manifest } = await readBundle(readFileSync(path("../bundles/default.tar.gz")), { trust: null });
    const codes = manifest.metadata?.tollgate?.rules.map(({ code }) => code).toSorted();
    const rules = readFileSync(path("../docs/policy-rules.md"), "utf8");
    expect([...rules.matchAll(/^### `(\w+)`/gm)].map(([, code]) => code ?? "").toSorted()).toEqual(codes);
  });

  it(
    "shows a rule, its test and an operator's file that work as they stand",
    { timeout: 180_000 },
    async () => {
      const source = join(folder, "policy");
      const rule = join(source, "gateway/rules/access/hours");
      cpSync(path("../rego"), source, { recursive: true });
      mkdirSync(rule);
      const [module = "", test = ""] = blocks("rego");
      writeFileSync(join(rule, "hours.rego"), module);
      writeFileSync(join(rule, "hours_test.rego"), test);
      const params = join(source, "gateway/params/data.yaml");
      const [, added = ""] = /Put `(hours: .*?)` into/.exec(page) ?? [];
      writeFileSync(params, `${readFileSync(params, "utf8")}\n${added}\n`);
      const opa = findOpa();
      const built = await buildBundle({
        opa,
        source,
        canaries: null,
        revision: null,
        allowPatterns: false,
        isFrozen: false,
        stamp: null,
      });

      const bundlePath = join(folder, "bundle.tar.gz");
      const operatorPath = join(folder, "operator.yaml");
      writeFileSync(bundlePath, built.bytes);
      writeFileSync(operatorPath, blocks("yaml").join("\n"));
      const log = createKeptLog();
      const policy = await createPolicy({
        bundlePath,
        operatorPath,
        trust: null,
        checkPatterns: () => {},
        log,
      });
      const facts = toSampleFacts("request");
      const human = {
        ...facts,
        caller: { ...facts.caller, kind: "human" as const, groups: ["data-science"] },
      };
      expect(policy.current().evaluate(human).deny).toEqual([
        { code: "outside_hours", about: "7 to 20 o'clock" },
      ]);
      expect(policy.current().evaluate(human).allow).toEqual([{ code: "operation_allowed" }]);
      policy.close();
    },
  );
});
