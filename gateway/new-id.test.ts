import { expect, test } from "vitest";
import { newId } from "./new-id.ts";

test("gives ids of version 7 that never repeat", () => {
  const ids = Array.from({ length: 10_000 }, newId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("gives ids whose order is that of their making, by the millisecond", async () => {
  const before = newId();
  await new Promise((resolve) => setTimeout(resolve, 3));
  expect(before < newId()).toBe(true);
});
