import { expect, test } from "vitest";
import { createClock } from "./clock.ts";

test("tells hour and weekday in the configured zone, and the moment in UTC", () => {
  const clock = createClock("Asia/Kathmandu");
  expect(clock(Date.UTC(2026, 10, 20, 18, 14, 59))).toEqual({
    ms: Date.UTC(2026, 10, 20, 18, 14, 59),
    rfc3339: "2026-11-20T18:14:59.000Z",
    weekday: "friday",
    hour: 23,
    zone: "Asia/Kathmandu",
  });
  expect(clock(Date.UTC(2026, 10, 20, 18, 15))).toMatchObject({ weekday: "saturday", hour: 0 });
});

test("follows the change from summer time", () => {
  const clock = createClock("Europe/Berlin");
  expect(clock(Date.UTC(2026, 9, 25, 0, 59)).hour).toBe(2);
  expect(clock(Date.UTC(2026, 9, 25, 1, 0)).hour).toBe(2);
  expect(clock(Date.UTC(2026, 9, 25, 2, 0)).hour).toBe(3);
});
