// A request with outputs for denied calls reaches a target that holds the calls, and one that does not.
import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import type { TargetAnswer, TargetRequest } from "../forward/target.ts";
import { sendRepaired } from "./send-repaired.ts";

const REQUEST: TargetRequest = { method: "POST", path: "/responses", headers: [], body: Buffer.from("with") };
const WITHOUT = { bytes: Buffer.from("without"), callIds: ["call_1"] };

type Said = { readonly status: number; readonly text: string };

/** Sends to a target that answers each request as `answers` says; gives what was sent and what was answered. */
function run(
  answers: readonly (Said | null)[],
  without: typeof WITHOUT | null,
): { sent: string[]; got: string[] } {
  const sent: string[] = [];
  const got: string[] = [];
  const target = {
    send(request: TargetRequest, answer: TargetAnswer) {
      sent.push(Buffer.isBuffer(request.body) ? request.body.toString() : "");
      const said = answers[sent.length - 1] ?? null;
      const call = { pause: () => undefined, resume: () => undefined, abort: () => undefined };
      if (said === null) {
        answer.onHead(400, {});
        answer.onError(new GatewayError("target_broke_off", "It broke off."));
        return call;
      }
      answer.onHead(said.status, {});
      for (const piece of said.text.match(/.{1,7}/g) ?? []) answer.onData(Buffer.from(piece));
      queueMicrotask(() => answer.onEnd());
      return call;
    },
  };
  sendRepaired(target, REQUEST, without, {
    onHead: (status) => got.push(String(status)),
    onData: (chunk) => got.push(chunk.toString()),
    onEnd: () => got.push("end"),
    onError: ({ code }) => got.push(code),
  });
  return { sent, got };
}

const UNKNOWN_CALL = {
  status: 400,
  text: "No tool call found for function call output with call_id call_1.",
};

test.each([
  { what: "an answer", first: { status: 200, text: "fine" } },
  { what: "an error about something else", first: { status: 400, text: "No such model." } },
  { what: "another status", first: { status: 404, text: "call_1" } },
  { what: "an error of any length", first: { status: 400, text: "x".repeat(100_000) } },
])("gives $what as it comes", async ({ first }) => {
  const { sent, got } = run([first], WITHOUT);
  await new Promise(setImmediate);
  expect(sent).toEqual(["with"]);
  expect(got[0]).toBe(String(first.status));
  expect(got.slice(1, -1).join("")).toBe(first.text);
  expect(got.at(-1)).toBe("end");
});

test("sends the request without the outputs where the target does not know of the call", async () => {
  const { sent, got } = run([UNKNOWN_CALL, { status: 200, text: "fine" }], WITHOUT);
  await new Promise(setImmediate);
  expect(sent).toEqual(["with", "without"]);
  expect(got).toEqual(["200", "fine", "end"]);
});

test("sends a request once that was given nothing, and once more at the most", async () => {
  const plain = run([UNKNOWN_CALL], null);
  const twice = run([UNKNOWN_CALL, UNKNOWN_CALL], WITHOUT);
  await new Promise(setImmediate);
  expect(plain.sent).toEqual(["with"]);
  expect(twice.sent).toEqual(["with", "without"]);
  expect(twice.got[0]).toBe("400");
});

test("tells that the target broke off while it was told what is wrong", () => {
  expect(run([null], WITHOUT).got).toEqual(["target_broke_off"]);
});
