import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { toCallOutputs } from "./call-outputs.ts";
import { createRequestParser } from "../parse/request.ts";
import { matchRoute } from "../parse/route.ts";

const parser = createRequestParser({ secret: randomBytes(32), cacheItems: 10, limits: { depth: 32 } });

function list(input: readonly unknown[]): string[] {
  const bytes = Buffer.from(JSON.stringify({ model: "gpt-5", input }));
  const { route } = matchRoute("POST", "/v1/responses");
  return toCallOutputs(
    parser.parse({ route, query: "", contentType: "application/json", bytes, tenant: "t" }),
  );
}

const toOutput = (id: string) => ({ type: "function_call_output", call_id: id, output: "done" });

test("lists the outputs behind the model's last item, in their order", () => {
  const call = { type: "function_call", call_id: "call_2", name: "a", arguments: "{}" };
  expect(
    list([
      toOutput("call_1"),
      call,
      toOutput("call_2"),
      { role: "user", content: "and?" },
      toOutput("call_3"),
    ]),
  ).toEqual(["call_2", "call_3"]);
  expect(list([{ role: "user", content: "hello" }])).toEqual([]);
});

test("lists the last 64 of many, and names no long id", () => {
  const ids = Array.from({ length: 5_000 }, (_, n) => `call_${n}`);
  expect(list(ids.map(toOutput))).toEqual(ids.slice(-64));
  const [long] = list([toOutput("x".repeat(100_000))]);
  expect(long?.length).toBeLessThanOrEqual(256);
});
