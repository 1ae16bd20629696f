// The one place where what happened is reported: as a log line and as metrics. Labels come from closed sets.
import cluster from "node:cluster";
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { Log } from "./log.ts";
import { ERRORS } from "./errors.ts";
import type { GatewayError } from "./errors.ts";
import type { Operation, PolicyVersion } from "./exchange.ts";

export type ExchangeSummary = {
  readonly id: string;
  readonly operation: Operation | null;
  readonly connection: string | null;
  readonly subject: string | null;
  readonly effect: "allow" | "deny" | "error";
  readonly codes: readonly string[];
  readonly status: number;
  readonly version: PolicyVersion | null;
  readonly milliseconds: number;
};

export type Events = {
  readonly registry: Registry;
  /** Exposes whether the policy's files as they are now could not be used, and how the bundle stands, where this process knows. */
  watchPolicy(policy: {
    readonly hasProblem: () => boolean;
    readonly bundles: (() => readonly BundleWatch[]) | null;
  }): void;
  exchangeBegan(): void;
  exchangeEnded(summary: ExchangeSummary): void;
  /** Reports an error with its cause, of which only name, code and stack frames are logged, never the message. */
  failed(exchangeId: string | null, error: GatewayError): void;
  policyAsked(phase: string, micros: number): void;
  callJudged(effect: "allow" | "deny"): void;
  /** Notes a call of the recogniser. */
  recogniserCalled(isAnswered: boolean, milliseconds: number): void;
  /** Reports that the recogniser is left alone for a while, or is asked again. */
  recogniserPaused(isPaused: boolean): void;
  /** Notes what became of an exchange's limits, and how long it waited for that. */
  limitsAsked(outcome: "reserved" | "reached" | "unavailable", milliseconds: number): void;
  /** Notes what was given back of what processes had reserved that are gone. */
  limitsFreed(reservations: number): void;
  /** Reports what became of events of the decision log. */
  decisionsTold(outcome: "delivered" | "dropped" | "refused", events: number): void;
  /** Reports what became of a call to a connection's target. */
  targetAnswered(outcome: TargetOutcome): void;
};

/** How a bundle stands, for metrics. */
type BundleWatch = {
  state(): {
    readonly bundle: string;
    readonly revision: string;
    readonly serial: number | null;
    readonly failures: number;
    readonly problem: object | null;
    readonly held: object | null;
  };
  /** Milliseconds since its source confirmed it. */
  ageMs(): number;
};

type TargetOutcome = {
  readonly connection: string;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  /** Until the answer's head; null where none came. */
  readonly milliseconds: number | null;
  readonly failures: number;
};

function toCause(
  cause: unknown,
): { readonly name: string; readonly code?: string; readonly at?: string } | null {
  if (!(cause instanceof Error)) return null;
  const at = cause.stack
    ?.split("\n")
    .find((line) => line.trimStart().startsWith("at "))
    ?.trim();
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return { name: cause.name, ...(code !== undefined && { code }), ...(at !== undefined && { at }) };
}

/** Makes the reporter with a registry of its own. */
export function createEvents(log: Log): Events {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  if (cluster.isWorker) createClusterMetrics([registry]);
  const registers = [registry];
  const exchanges = new Counter({
    name: "tollgate_exchanges_total",
    help: "Exchanges that ended, by operation, effect and status class.",
    labelNames: ["operation", "effect", "status"],
    registers,
  });
  const open = new Gauge({ name: "tollgate_exchanges_open", help: "Exchanges under way.", registers });
  const seconds = new Histogram({
    name: "tollgate_exchange_seconds",
    help: "Time from the request's head to the answer's end.",
    labelNames: ["operation"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
    registers,
  });
  const errors = new Counter({
    name: "tollgate_errors_total",
    help: "Errors of the gateway's table, by code.",
    labelNames: ["code", "stage"],
    registers,
  });
  const policy = new Histogram({
    name: "tollgate_policy_seconds",
    help: "Time of one evaluation of the policy.",
    labelNames: ["phase"],
    buckets: [0.00001, 0.00002, 0.00005, 0.0001, 0.0005, 0.002, 0.01, 0.1],
    registers,
  });
  const calls = new Counter({
    name: "tollgate_tool_calls_total",
    help: "Tool calls of models that were judged.",
    labelNames: ["effect"],
    registers,
  });
  const recogniser = new Histogram({
    name: "tollgate_recogniser_seconds",
    help: "Time of one call of the recogniser of names and addresses.",
    labelNames: ["outcome"],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    registers,
  });
  const paused = new Gauge({
    name: "tollgate_recogniser_paused",
    help: "1 while the recogniser is not asked because it does not answer; of several workers the most.",
    aggregator: "max",
    registers,
  });
  const limits = new Histogram({
    name: "tollgate_limits_seconds",
    help: "Time until an exchange's limits were counted, by outcome: reserved, reached, unavailable.",
    labelNames: ["outcome"],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5],
    registers,
  });
  const freed = new Counter({
    name: "tollgate_limits_freed_total",
    help: "Reservations given back of gateways that were gone.",
    registers,
  });
  const told = new Counter({
    name: "tollgate_decision_log_events_total",
    help: "Decisions that a collector was told, that the policy dropped, or that the collector refused.",
    labelNames: ["outcome"],
    registers,
  });
  const targets = new Counter({
    name: "tollgate_target_calls_total",
    help: "Calls to connections' targets, by connection and outcome: ok, or the error's code.",
    labelNames: ["connection", "outcome"],
    registers,
  });
  const targetSeconds = new Histogram({
    name: "tollgate_target_seconds",
    help: "Time until the head of a target's answer.",
    labelNames: ["connection"],
    buckets: [0.02, 0.1, 0.5, 2, 10, 60, 300],
    registers,
  });
  const failures = new Gauge({
    name: "tollgate_connection_failures",
    help: "Failures of a connection in a row; of several workers the most.",
    labelNames: ["connection"],
    aggregator: "max",
    registers,
  });
  const succeeded = new Gauge({
    name: "tollgate_connection_success_timestamp_seconds",
    help: "When a connection's target last answered.",
    labelNames: ["connection"],
    aggregator: "max",
    registers,
  });

  return {
    registry,
    watchPolicy({ hasProblem, bundles }) {
      if (bundles !== null) watchBundles(bundles, registers);
      const gauge: Gauge = new Gauge({
        name: "tollgate_policy_problem",
        help: "1 where the policy's files as they are now cannot be used and the last good policy decides.",
        registers,
        collect() {
          gauge.set(hasProblem() ? 1 : 0);
        },
      });
    },
    exchangeBegan: () => open.inc(),
    exchangeEnded(summary) {
      open.dec();
      const operation = summary.operation ?? "none";
      exchanges.inc({ operation, effect: summary.effect, status: `${Math.floor(summary.status / 100)}xx` });
      seconds.observe({ operation }, summary.milliseconds / 1000);
      log.debug(summary, "An exchange ended.");
    },
    failed(exchangeId, error) {
      const { stage, status } = ERRORS[error.code];
      errors.inc({ code: error.code, stage });
      const line = { exchange: exchangeId, code: error.code, stage, cause: toCause(error.cause) };
      if (status >= 500) log.error(line, "An exchange failed.");
      else log.debug(line, "An exchange was refused.");
    },
    policyAsked: (phase, micros) => policy.observe({ phase }, micros / 1e6),
    callJudged: (effect) => calls.inc({ effect }),
    recogniserCalled: (isAnswered, milliseconds) =>
      recogniser.observe({ outcome: isAnswered ? "answered" : "failed" }, milliseconds / 1000),
    recogniserPaused(isPaused) {
      paused.set(isPaused ? 1 : 0);
      if (isPaused) log.error({}, "The recogniser does not answer; it is not asked for a while.");
      else log.info({}, "The recogniser answers; it is asked again.");
    },
    limitsAsked: (outcome, milliseconds) => limits.observe({ outcome }, milliseconds / 1000),
    limitsFreed: (reservations) => void (reservations > 0 && freed.inc(reservations)),
    decisionsTold: (outcome, events) => void (events > 0 && told.inc({ outcome }, events)),
    targetAnswered({ connection, outcome, milliseconds, failures: inARow }) {
      targets.inc({ connection, outcome });
      failures.set({ connection }, inARow);
      if (milliseconds !== null) targetSeconds.observe({ connection }, milliseconds / 1000);
      if (outcome === "ok") succeeded.set({ connection }, Date.now() / 1000);
    },
  };
}

/**
 * Ties the metrics of several processes together: in a worker its registries answer the primary's questions; in the
 * primary the function that is given asks all workers and adds up.
 */
function createClusterMetrics(registries: Registry[] = []): () => Promise<string> {
  AggregatorRegistry.setRegistries(registries);
  const all = new AggregatorRegistry();
  return () => all.clusterMetrics();
}

/** Exposes how bundles stand, once somebody knows. */
function watchBundles(watch: () => readonly BundleWatch[], registers: Registry[]): void {
  const info: Gauge = new Gauge({
    name: "tollgate_policy_bundle_info",
    help: "1, with the revision and serial of the bundle that decides.",
    labelNames: ["bundle", "revision", "serial"],
    registers,
    collect() {
      info.reset();
      for (const one of watch()) {
        const { bundle, revision, serial } = one.state();
        info.set({ bundle, revision, serial: serial ?? "" }, 1);
      }
    },
  });
  for (const [name, help, read] of BUNDLE_GAUGES) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: ["bundle"],
      registers,
      collect() {
        for (const one of watch()) gauge.set({ bundle: one.state().bundle }, read(one));
      },
    });
  }
}

const BUNDLE_GAUGES: readonly (readonly [string, string, (bundle: BundleWatch) => number])[] = [
  [
    "tollgate_policy_bundle_age_seconds",
    "Time since the bundle's source confirmed that there is no newer one.",
    (bundle) => bundle.ageMs() / 1000,
  ],
  [
    "tollgate_policy_bundle_success_timestamp_seconds",
    "When the bundle's source last did so.",
    (bundle) => (Date.now() - bundle.ageMs()) / 1000,
  ],
  [
    "tollgate_policy_source_failures",
    "Questions to the bundle's source that failed in a row.",
    (bundle) => bundle.state().failures,
  ],
  [
    "tollgate_policy_bundle_problem",
    "1 where the source fails, or what was published or ordered last is not in force.",
    (bundle) => (bundle.state().problem === null ? 0 : 1),
  ],
  [
    "tollgate_policy_bundle_held",
    "1 while an order holds the bundle, whatever its source has.",
    (bundle) => (bundle.state().held === null ? 0 : 1),
  ],
];

/** Makes the metrics of a primary: those of its workers together, and how the bundles stand that it follows. */
export function createPrimaryMetrics(watch: () => readonly BundleWatch[]): () => Promise<string> {
  const own = new Registry();
  watchBundles(watch, [own]);
  const ofWorkers = createClusterMetrics();
  return async () => `${await ofWorkers()}\n${await own.metrics()}`;
}
