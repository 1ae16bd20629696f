import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

function open() {
  const written: string[] = [];
  return { written, gate: createGate((bytes) => written.push(bytes.toString())) };
}

test("keeps the order: what stands behind an entry that waits, waits too", () => {
  const { written, gate } = open();
  gate.push(Buffer.from("a"));
  const held = gate.push(Buffer.from("b"), 1);
  gate.push(Buffer.from("c"));
  gate.flush();
  expect(written.join("")).toBe("a");
  gate.release(held);
  gate.flush();
  expect(written.join("")).toBe("abc");
});

test("holds an entry until every reason to wait is gone", () => {
  const { written, gate } = open();
  const held = gate.push(Buffer.from("b"), 2);
  gate.release(held);
  gate.flush();
  expect(written).toEqual([]);
  gate.release(held);
  gate.flush();
  expect(written).toEqual(["b"]);
});

test("writes bytes that lie side by side in one piece", () => {
  const { written, gate } = open();
  const chunk = Buffer.from("onetwothree");
  gate.push(chunk.subarray(0, 3));
  gate.push(chunk.subarray(3, 6));
  gate.push(chunk.subarray(6));
  gate.push(Buffer.from("apart"));
  gate.flush();
  expect(written).toEqual(["onetwothree", "apart"]);
});

test("drops what waits and says how much is held", () => {
  const { written, gate } = open();
  gate.push(Buffer.from("secret"), 1);
  expect(gate.held).toBe(6);
  gate.drop();
  gate.flush();
  expect(gate.held).toBe(0);
  expect(written).toEqual([]);
});
