import { expect, test } from "vitest";
import type { DecisionEvent } from "./event.ts";
import { eraseEvent, maskEvent } from "./mask-event.ts";

const event: DecisionEvent = {
  labels: { app: "tollgate" },
  decision_id: "1",
  bundles: { gateway: { revision: "r" } },
  path: "gateway/main/request",
  input: { caller: { subject: "ada", groups: ["a", "b"] }, "x/y": 1 },
  result: { deny: [{ code: "one" }, { code: "two" }] },
  timestamp: "2026-01-01T00:00:00Z",
  metrics: {},
  custom: {},
};

test.each<[string, unknown, object]>([
  ["a member", ["/input/caller/subject"], { input: { caller: { groups: ["a", "b"] }, "x/y": 1 } }],
  [
    "an element",
    ["/input/caller/groups/0"],
    { input: { caller: { subject: "ada", groups: ["b"] }, "x/y": 1 } },
  ],
  [
    "a member of an element",
    [{ op: "remove", path: "/result/deny/1/code" }],
    { result: { deny: [{ code: "one" }, {}] } },
  ],
  [
    "a name as RFC 6901 writes it",
    ["/input/x~1y"],
    { input: { caller: { subject: "ada", groups: ["a", "b"] } } },
  ],
])("erases %s, and says so", (_name, said, expected) => {
  const { erased, masked, ...told } = maskEvent(event, said);
  expect(told).toMatchObject(expected);
  expect(Object.keys(told).toSorted()).toEqual(Object.keys(event).toSorted());
  expect(erased).toHaveLength(1);
  expect(masked).toBeUndefined();
});

test("replaces values, makes what lies above them, and leaves the event itself as it was", () => {
  const before = structuredClone(event);
  const said = [
    { op: "upsert", path: "/input/caller/subject", value: "somebody" },
    { op: "upsert", path: "/input/new/deep", value: { a: 1 } },
    { op: "upsert", path: "/result/deny/0", value: null },
  ];
  expect(maskEvent(event, said)).toMatchObject({
    input: { caller: { subject: "somebody" }, new: { deep: { a: 1 } } },
    result: { deny: [null, { code: "two" }] },
    masked: ["/input/caller/subject", "/input/new/deep", "/result/deny/0"],
  });
  expect(event).toEqual(before);
});

test.each([
  "/input/none",
  "/input/caller/groups/7",
  "/input/caller/subject/x",
  "/nd_builtin_cache",
  "/nd_builtin_cache/a",
])("leaves out what isn't there: %s", (path) => {
  expect(maskEvent(event, [path])).toEqual(event);
  if (path.startsWith("/nd") || path.endsWith("7") || path.endsWith("x"))
    expect(maskEvent(event, [{ op: "upsert", path, value: 1 }])).toEqual(event);
});

test("never writes to a prototype", () => {
  maskEvent(event, [{ op: "upsert", path: "/input/__proto__/polluted", value: 1 }]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test.each([["/labels/app"], [{ op: "add", path: "/input" }], ["input"], ["/inputs"], [7]])(
  "refuses %j",
  (...said) => {
    expect(() => maskEvent(event, said)).toThrow("system.log.mask");
  },
);

test("erases all that the policy saw and said", () => {
  const { input: _input, result: _result, ...rest } = event;
  expect(eraseEvent(event)).toEqual({ ...rest, erased: ["/input", "/result"] });
});
