// Tells the time as policy sees it: in the configured zone, because a policy has no clock of its own.
import type { Facts } from "./exchange.ts";

export type Clock = (ms: number) => Facts["time"];

/** Offsets from UTC are multiples of a quarter of an hour, so hour and weekday hold at least that long. */
const QUARTER_MS = 900_000;

/** Makes the clock of an IANA time zone. Throws a RangeError for an unknown one. */
export function createClock(zone: string): Clock {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "long",
    hour: "2-digit",
    hourCycle: "h23",
  });
  let quarter = -1;
  let weekday = "";
  let hour = 0;
  return (ms) => {
    const current = Math.floor(ms / QUARTER_MS);
    if (current !== quarter) {
      quarter = current;
      for (const { type, value } of format.formatToParts(ms)) {
        if (type === "weekday") weekday = value.toLowerCase();
        if (type === "hour") hour = Number(value);
      }
    }
    return { ms, rfc3339: new Date(ms).toISOString(), weekday, hour, zone };
  };
}
