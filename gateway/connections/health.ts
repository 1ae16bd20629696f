// Keeps how connections answer: for the database's list, which all gateways add to, and for metrics.
import type { HealthNews } from "../../db/queries/connection-health.ts";
import type { GatewayError } from "../errors.ts";
import type { Target } from "../forward/target.ts";

/** What is told of the calls to one connection. */
export type Health = {
  /** The head of an answer came. */
  heard(status: number, milliseconds: number): void;
  /** None came, or it broke off. */
  failed(code: string): void;
};

/** What became of one call. */
export type Outcome = {
  readonly connection: string;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  /** Null where no answer came. */
  readonly milliseconds: number | null;
  /** Failures in a row, this one included, as this process has seen them. */
  readonly failures: number;
};

export type HealthBook = {
  of(connection: string): Health;
  /** Gives what was seen since the last time, and begins anew. */
  take(): readonly HealthNews[];
};

/** What a target answers by itself about a request is no failure of the connection's. */
function toCode(status: number): string | null {
  if (status === 401) return "credential_refused";
  return status >= 500 ? "target_failed" : null;
}

/** Makes the book of one process; each outcome is told as it comes. */
export function createHealthBook(onOutcome: (outcome: Outcome) => void): HealthBook {
  let news = new Map<string, HealthNews>();
  const inARow = new Map<string, number>();

  function note(connection: string, code: string | null, milliseconds: number | null): void {
    const at = new Date();
    const failures = code === null ? 0 : (inARow.get(connection) ?? 0) + 1;
    inARow.set(connection, failures);
    const before = news.get(connection);
    const since = code === null ? 0 : (before?.failures ?? 0) + 1;
    news.set(connection, {
      connection,
      usedAt: at,
      succeededAt: code === null ? at : (before?.succeededAt ?? null),
      failedAt: code === null ? (before?.failedAt ?? null) : at,
      errorCode: code ?? before?.errorCode ?? null,
      failures: since,
      latencyMs: milliseconds === null ? (before?.latencyMs ?? null) : Math.round(milliseconds),
      hasSucceeded: code === null || before?.hasSucceeded === true,
    });
    onOutcome({ connection, outcome: code ?? "ok", milliseconds, failures });
  }

  return {
    of: (connection) => ({
      heard: (status, milliseconds) => note(connection, toCode(status), milliseconds),
      failed: (code) => note(connection, code, null),
    }),
    take() {
      const taken = [...news.values()];
      news = new Map();
      return taken;
    },
  };
}

/** Tells of each call that goes to a target. */
export function watchTarget(target: Target, health: Health): Pick<Target, "send"> {
  return {
    send(request, answer) {
      const began = performance.now();
      return target.send(request, {
        onHead(status, headers) {
          health.heard(status, performance.now() - began);
          answer.onHead(status, headers);
        },
        onData: (chunk) => answer.onData(chunk),
        onEnd: () => answer.onEnd(),
        onError(error: GatewayError) {
          health.failed(error.code);
          answer.onError(error);
        },
      });
    },
  };
}
