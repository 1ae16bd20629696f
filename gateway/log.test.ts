import { expect, test } from "vitest";
import { GatewayError } from "./errors.ts";
import { createLog } from "./log.ts";

function capture(format: "json" | "pretty" = "json") {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format }, { write: (line: string) => lines.push(line) });
  return { log, lines };
}

test("writes one JSON object a line", () => {
  const { log, lines } = capture();
  log.info({ port: 8080 }, "Listening.");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", port: 8080, msg: "Listening." });
});

test("cuts fields that hold secrets", () => {
  const { log, lines } = capture();
  log.info({ authorization: "abc", nested: { password: "abc" } }, "x");
  expect(lines[0]).not.toContain("abc");
});

test.each([
  "tg_0123456789abcdefghij",
  "sk-proj-0123456789abcdef",
  "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
  "Bearer hunter2hunter2",
])("cuts what looks like a secret wherever it stands: %s", (secret) => {
  for (const format of ["json", "pretty"] as const) {
    const { log, lines } = capture(format);
    log.warn({ url: `https://x/${secret}` }, `Saw ${secret} there.`);
    expect(lines.join("")).not.toContain(secret.slice(-10));
  }
});

test("cuts the password of a URL", () => {
  const { log, lines } = capture();
  log.warn({ at: "postgres://user:hunter2@db/x" }, "x");
  expect(lines[0]).toContain("postgres://user:[redacted]@db/x");
});

test("describes errors of others without their message, which may quote a prompt", () => {
  const { log, lines } = capture();
  log.error(
    { err: new GatewayError("internal_error", "Ours.", { cause: new SyntaxError("unexpected PROMPT") }) },
    "x",
  );
  expect(lines[0]).toContain("Ours.");
  expect(lines[0]).toContain("SyntaxError");
  expect(lines[0]).not.toContain("PROMPT");
});

test("is readable on a terminal", () => {
  const { log, lines } = capture("pretty");
  log.child({ worker: 2 }).warn({}, "Careful.");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}Careful\. worker=2\n$/);
});
