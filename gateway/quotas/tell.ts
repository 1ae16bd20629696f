// Words for limits: the error of one that is reached, and the headers that tell how they stand.
import type { QuotaState } from "../../db/queries/quotas.ts";
import { GatewayError } from "../errors.ts";
import type { LimitUnit, LimitWindow } from "../exchange.ts";
import type { Limit } from "./limits.ts";

/** A limit with how it stood before the exchange, and what this asks for. */
export type Standing = {
  readonly limit: Limit;
  readonly amount: number;
  readonly used: number;
  readonly ends: number | null;
  readonly wait: number | null;
};

/** Longer waits are not portable: old SDKs take no notice of them. */
const LONGEST_WAIT_S = 60;
/** Nobody knows when what is under way ends. */
const CONCURRENT_WAIT_S = 1;

const WORDS: Readonly<Record<LimitUnit, string>> = {
  requests: "requests",
  concurrent: "calls at once",
  bytes: "bytes of requests",
};

/** The units of the draft's registry. */
const HEADER_UNITS: Readonly<Record<LimitUnit, string>> = {
  requests: "requests",
  concurrent: "concurrent-requests",
  bytes: "content-bytes",
};

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400, week: 604_800 };

/** Puts limits together with how they stand. */
export function toStandings(
  limits: readonly Limit[],
  amounts: Readonly<Record<LimitUnit, number>>,
  states: readonly QuotaState[],
): readonly Standing[] {
  return limits.map((limit) => {
    const state = states.find(({ counter }) => counter === limit.counter.id);
    const { used, ends, wait } = state ?? { used: 0, ends: null, wait: null };
    return { limit, amount: amounts[limit.unit], used, ends, wait };
  });
}

/** Gives the error of an exchange that doesn't fit; of several limits that one which takes longest. */
export function toLimitError(standings: readonly Standing[], exchangeId: string): GatewayError {
  const [reached] = standings
    .filter((standing) => isOver(standing) && !standing.limit.isSoft)
    .toSorted((a, b) => toWait(b) - toWait(a));
  if (reached === undefined) throw new Error("Every limit has room.");
  const { limit, amount, used } = reached;
  const left = Math.max(0, limit.counter.most - used);
  const { code, name, most } = limit.counter;
  const wait = toWait(reached);
  const asks = amount === 1 ? "" : ` This request asks for ${amount}.`;
  const when =
    amount > most
      ? " It can never fit."
      : limit.unit === "concurrent"
        ? " Try again when one has ended."
        : ` Try again in ${toDuration(wait)}.`;
  const message = `Limit reached (${code}): ${name} has ${left} of ${most} ${WORDS[limit.unit]}${toSpan(limit.window)} left.${asks}${when} [exchange ${exchangeId}]`;
  const retry: Record<string, string> =
    wait <= LONGEST_WAIT_S
      ? { "retry-after": String(Math.max(1, Math.ceil(wait))) }
      : { "x-should-retry": "false" };
  return new GatewayError("limit_reached", message, {
    recordedAs: code,
    told: { status: 429, headers: { ...toLimitHeaders(standings, false), ...retry } },
  });
}

/** Gives the soft limits that an exchange is over, in words for the record. */
export function listOver(
  standings: readonly Standing[],
): readonly { readonly code: string; readonly about: string }[] {
  return standings.filter(isOver).map(({ limit: { counter, unit, window }, used, amount }) => ({
    code: counter.code,
    about: `${counter.name}: ${used + amount} of ${counter.most} ${WORDS[unit]}${toSpan(window)}`,
  }));
}

function isOver({ limit, used, amount }: Standing): boolean {
  return used + amount > limit.counter.most;
}

/** Gives the headers of draft-ietf-httpapi-ratelimit-headers; `isTaken`: the exchange has what it asks for. */
export function toLimitHeaders(
  standings: readonly Standing[],
  isTaken: boolean,
): Readonly<Record<string, string>> {
  if (standings.length === 0) return {};
  const policies = standings.map(({ limit: { counter, unit, window } }) => {
    const seconds = typeof window === "number" ? window : SECONDS[window ?? ""];
    const span = seconds === undefined ? "" : `;w=${seconds}`;
    return `"${counter.name}";q=${counter.most};qu="${HEADER_UNITS[unit]}"${span}`;
  });
  const left = standings.map(({ limit: { counter }, used, amount, ends }) => {
    const rest = Math.max(0, counter.most - used - (isTaken ? amount : 0));
    return `"${counter.name}";r=${rest}${ends === null ? "" : `;t=${Math.max(0, Math.ceil(ends))}`}`;
  });
  const over = isTaken ? standings.filter(isOver).map(({ limit }) => limit.counter.name) : [];
  return {
    "ratelimit-policy": policies.join(", "),
    ratelimit: left.join(", "),
    // What was given room although there is none, by soft limits.
    ...(over.length > 0 && { "x-tollgate-limits-over": over.join(", ") }),
  };
}

function toWait({ limit, amount, wait }: Standing): number {
  if (amount > limit.counter.most) return Number.POSITIVE_INFINITY;
  return limit.unit === "concurrent" ? CONCURRENT_WAIT_S : (wait ?? Number.POSITIVE_INFINITY);
}

function toSpan(window: LimitWindow | null): string {
  if (window === null) return "";
  return ` per ${typeof window === "number" ? toDuration(window) : window}`;
}

/** Writes a time in words: `45 seconds`, `2 hours`. */
function toDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "a later window";
  const [count, unit] =
    seconds < 120
      ? [Math.max(1, Math.ceil(seconds)), "second"]
      : seconds < 7_200
        ? [Math.ceil(seconds / 60), "minute"]
        : seconds < 172_800
          ? [Math.ceil(seconds / 3_600), "hour"]
          : [Math.ceil(seconds / 86_400), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
