import { expect, test } from "vitest";
import { createDetectors } from "./detect/detector.ts";
import { GatewayError } from "./errors.ts";
import type { Effect } from "./exchange.ts";
import { createNames, createNameScanner } from "./mask/names.ts";
import type { Names } from "./mask/names.ts";
import { toSampleFacts } from "./policy/sample-facts.ts";
import { NO_EFFECTS } from "./policy/decision.ts";
import { toRecordedDecision, toRecordedFacts, toToldDecision, toToldError } from "./record-names.ts";

const secret = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
const email = "ada@example.com";
const scanner = createNameScanner(createDetectors()({}));

function openNames(effects: readonly Effect[] | null): Names {
  const masked = effects === null ? null : { effects, key: Buffer.alloc(32) };
  return createNames(scanner, masked, (text) => `digest of ${text.length}`);
}

const secrets: Effect = { code: "values_masked", class: "secret", with: "block", direction: "answer" };

test("a name is masked by what any mask of the exchange says, whichever way and kind it is for", () => {
  const names = openNames([secrets]);
  expect(names.mask(`run of ${secret}`)).toBe("run of [REDACTED:secret]");
  expect(names.mask(email)).toBe(email);
  names.add([{ code: "values_masked", class: "email", kinds: ["message"] }]);
  expect(names.mask(email)).toBe("[REDACTED:email]");
});

test("before policy has spoken all that is found in a name is redacted", () => {
  expect(openNames(null).mask(`${email} ${secret}`)).toBe("[REDACTED:email] [REDACTED:secret]");
});

test("what is only to be found stays", () => {
  expect(openNames([{ code: "c", class: "email", with: "detect" }]).mask(email)).toBe(email);
});

test("the extension of a file's name hides nothing", () => {
  const names = openNames([{ code: "c", class: "email" }]);
  expect(names.mask(`${email}.txt`)).toBe("[REDACTED:email].txt");
});

test.each([
  [1, {}],
  [1, { staff: { class: "staff", any: ["bluebird"] } }],
  [2, { staff: { class: "staff", any: ["bluebird"], directions: ["answer"] } }],
  [
    3,
    {
      staff: { class: "staff", any: ["bluebird"], kinds: ["tool_output"] },
      b: { class: "b", any: ["redbird"], directions: ["answer"], kinds: ["message"] },
    },
  ],
])("a name is searched %i times where patterns tell so many uses of text apart", (times, patterns) => {
  const detector = createDetectors()(patterns);
  let count = 0;
  const names = createNameScanner({
    uses: detector.uses,
    scan(...asked) {
      count += 1;
      return detector.scan(...asked);
    },
  });
  expect([names.holdsValue("gpt-5"), names.holdsValue("gpt-5"), count]).toEqual([false, false, times]);
  expect(names.holdsValue("the bluebird")).toBe(detector.uses.length > 1 || "staff" in patterns);
});

test("an id in which a value stands becomes its keyed hash, every other stays", () => {
  const names = openNames([]);
  expect(names.id(secret)).toBe(`hash:digest of ${secret.length}`);
  expect(names.id("call_0f8a2c")).toBe("call_0f8a2c");
});

test("facts in which nothing stands are recorded as they are, and say so", () => {
  const facts = toSampleFacts("whole");
  expect(toRecordedFacts(facts, openNames(null))).toEqual({ ...facts, basis: { altered: [] } });
});

test("recorded facts say where they are others than those that policy saw, and by what it was asked first", () => {
  const facts = toSampleFacts("tool_call");
  const [call] = facts.calls ?? [];
  const [tool] = facts.tools;
  const recorded = toRecordedFacts(
    {
      ...facts,
      ...(tool && { tools: [tool, { ...tool, name: secret }] }),
      ...(call && { calls: [{ ...call, id: secret, name: secret }] }),
      earlier: { complete: true, turns: 1, tokens: 1, labels: [], findings: {}, tools: ["a", secret] },
      request: { ...facts.request, roles: { [secret]: 1 } },
      route: { ...facts.route, path: `/${secret}` },
    },
    openNames([secrets]),
    { bound: 7, besides: "unread" },
  );
  expect(recorded.basis).toEqual({
    altered: [
      "/route/path",
      "/request/roles",
      "/earlier/tools/1",
      "/tools/1/name",
      "/calls/0/id",
      "/calls/0/name",
    ],
    bound: 7,
    besides: "unread",
  });
});

test.each([64, 128, 256])("a name that facts have cut to %i characters is not recorded", (length) => {
  const facts = toSampleFacts("request");
  const model = "a ".repeat(length).slice(0, length - 12) + secret.slice(0, 12);
  const recorded = toRecordedFacts({ ...facts, request: { ...facts.request, model } }, openNames([secrets]));
  expect(recorded.request.model).toBe("…");
});

test("what a refusal is about is told masked, and the id of its call is recorded as the call's own row has it", () => {
  const names = openNames([secrets]);
  const decision = { ...NO_EFFECTS, deny: [{ code: "no", about: `model ${secret}`, call: secret }] };
  expect(toToldDecision(decision, names).deny).toEqual([
    { code: "no", about: "model [REDACTED:secret]", call: secret },
  ]);
  expect(toRecordedDecision(decision, names).deny[0]?.call).toBe(names.id(secret));
});

test("an error tells no value, in its sentence or in the member that it names", () => {
  const error = new GatewayError("body_shape", `The member \`/metadata/${secret}\` must be a string.`, {
    param: `/metadata/${secret}`,
  });
  const told = toToldError(error, openNames(null));
  expect([told.message, told.param, told.code]).toEqual([
    "The member `/metadata/[REDACTED:secret]` must be a string.",
    "/metadata/*",
    "body_shape",
  ]);
  const plain = new GatewayError("body_shape", "The member `/input` must be a string.", { param: "/input" });
  expect(toToldError(plain, openNames(null))).toBe(plain);
});
