import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { CallFacts, ToolCall } from "../exchange.ts";
import { collectStrings } from "./argument-strings.ts";
import { createCallReader } from "./call-facts.ts";
import { parsePatternTable } from "./values/pattern-spec.ts";
import { loadSqlParser } from "./sql.ts";
import { createDetectorCompiler } from "./values/values.ts";

beforeAll(loadSqlParser);

const scanner = createDetectorCompiler(null)(parsePatternTable({ word: { class: "c", any: ["bluebird"] } }));
const readCall = createCallReader({ scanner });
const REMOVE = ["rm", "-rf"].join(" ");
const DROP = ["DROP", "DATABASE", "prod"].join(" ");

function read(args: unknown, over: Partial<ToolCall> = {}): CallFacts {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return readCall({
    id: "call_1",
    type: "function_call",
    name: "tool",
    arguments: text,
    pointer: "/output/0",
    ...over,
  });
}

describe("SQL in a call's arguments", () => {
  it.each([
    ["under a name for it", { sql: DROP }],
    ["under another name", { anything: DROP }],
    ["in a query", { query: `/* x */ ${DROP}` }],
    ["in a command", { command: DROP }],
    ["in an array", { statements: ["SELECT 1", DROP] }],
    ["deep inside", { a: { b: [{ c: { text: DROP } }] } }],
    ["in JSON in JSON", { payload: JSON.stringify({ inner: JSON.stringify({ sql: DROP }) }) }],
    ["after another statement", { filter: `1; ${DROP}` }],
    ["in psql -c", { command: `psql -h db -c '${DROP}'` }],
    ["in a here-document", { cmd: ["psql db <<'END'", `${DROP};`, "END"].join("\n") }],
    ["in a pipe", { script: `echo "${DROP}" | psql` }],
    ["in psql -c under another name", { step: `psql -c "${DROP}"` }],
    ["in words", { argv: ["psql", "-c", DROP] }],
    ["beside its program", { command: "psql", args: ["-c", DROP] }],
    ["with escapes", '{"sql":"\\u0044ROP\\nDATABASE\\tprod"}'],
    ["under a key that stands twice, first", `{"sql":"${DROP}","sql":"SELECT 1"}`],
    ["under a key that stands twice, second", `{"sql":"SELECT 1","sql":"${DROP}"}`],
    ["in broken JSON", `{"sql":"${DROP}"`],
    ["in a broken string", `{"sql":"${DROP}`],
    ["as the whole text", DROP],
  ])("is read %s", (_, args) => {
    expect(read(args).sql?.kinds).toContain("drop_database");
  });

  it("is not seen in words that begin like it", () => {
    expect(read({ text: "Update the readme, then delete the branch." }).sql).toBeNull();
    expect(read({ message: "Select a table for four people" }).sql).toBeNull();
    expect(read({ path: "drop/table.txt", city: "Prague" }).sql).toBeNull();
  });

  it("is incomplete where its name says SQL and nothing can be read", () => {
    expect(read({ sql: "%% not a statement %%" }).sql).toMatchObject({ kinds: [], incomplete: true });
  });

  it("brings in what the server's shell would run", () => {
    const facts = read({ sql: `COPY t FROM PROGRAM '${REMOVE} /data'` });
    expect(facts.sql?.kinds).toContain("copy_program");
    expect(facts.shell?.dangers).toContain("rm_recursive_force");
  });
});

describe("shell in a call's arguments", () => {
  it.each<readonly [string, unknown, Partial<ToolCall>]>([
    ["under a name for it", { command: `${REMOVE} /` }, {}],
    ["under another name, in one line", { step: `${REMOVE} /` }, {}],
    ["as words", { command: ["bash", "-lc", `${REMOVE} /`] }, {}],
    ["as words of one command", { cmd: ["rm", "-r", "-f", "/"] }, {}],
    ["as a program and its arguments", { command: "rm", args: ["-rf", "/"] }, {}],
    ["as lines", { commands: ["ls", `${REMOVE} /`] }, {}],
    ["over several lines", { script: `set -e\n\ncd /x\n${REMOVE} y\n` }, {}],
    ["in JSON in JSON", { input: JSON.stringify({ cmd: `${REMOVE} /` }) }, {}],
    [
      "in a shell call",
      { type: "shell_call", action: { commands: ["ls", `${REMOVE} /`] } },
      { type: "shell_call", name: null },
    ],
    [
      "in a local shell call",
      { type: "local_shell_call", action: { type: "exec", command: ["bash", "-c", `${REMOVE} /`] } },
      { type: "local_shell_call", name: null },
    ],
    ["in a custom tool's free text", `cd /tmp\n${REMOVE} x`, { type: "custom_tool_call", name: "bash" }],
    ["in code", { code: `import os\nos.system("${REMOVE} /")` }, { name: "python" }],
    [
      "in typed text",
      { action: { type: "type", text: `${REMOVE} /\n` } },
      { type: "computer_call", name: null },
    ],
  ])("is read %s", (_, args, over) => {
    expect(read(args, over).shell?.dangers).toContain("rm_recursive_force");
  });

  it("names programs and says what could not be read, where a name says shell", () => {
    expect(read({ command: "git status && npm test" }).shell).toEqual({
      programs: ["git", "npm"],
      dangers: [],
      incomplete: false,
    });
    expect(read({ command: "$CMD x" }).shell?.incomplete).toBe(true);
  });

  it("is not seen in a sentence", () => {
    expect(read({ message: `Never run ${REMOVE} on this machine.` }).shell).toBeNull();
    expect(read({ city: "Prague", unit: "celsius" }).shell).toBeNull();
  });
});

describe("a call's facts", () => {
  it("hold its names, its size in bytes and the patterns in its texts", () => {
    expect(read({ note: "project Bluebird é" }, { name: "send" })).toEqual({
      id: "call_1",
      type: "function_call",
      name: "send",
      bytes: Buffer.byteLength(JSON.stringify({ note: "project Bluebird é" })),
      sql: null,
      shell: null,
      patterns: { word: 1 },
    });
  });

  it("see patterns behind escapes", () => {
    expect(read('{"a":"blue\\u0062ird"}').patterns).toEqual({ word: 1 });
  });

  it("are incomplete where there are too many texts to read", () => {
    const facts = read({ list: Array.from({ length: 1000 }, () => "x") });
    expect(facts.sql?.incomplete).toBe(true);
    expect(facts.shell?.incomplete).toBe(true);
  });

  it("come for any text without throwing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string({ unit: "binary" }),
          fc.json().map((text) => text.slice(0, -1)),
        ),
        (text) => {
          read(text);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the collection of strings", () => {
  it("finds those of any JSON value", () => {
    const toStrings = (value: unknown): string[] => {
      if (typeof value === "string") return [value];
      if (typeof value !== "object" || value === null) return [];
      return Object.values(value).flatMap(toStrings);
    };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        const parsed: unknown = JSON.parse(text);
        expect(collectStrings(text).strings.map((one) => one.text)).toEqual(toStrings(parsed));
      }),
    );
  });
});
