// Puts the replay of bundles that are sent together: whose key it is, what is compared, and the process that judges.
import { createHash } from "node:crypto";
import { openDatabase } from "../db/client.ts";
import type { Database } from "../db/client.ts";
import { noteAction } from "../db/queries/admin-actions.ts";
import { findReplayRange } from "../db/queries/replay-rows.ts";
import { findKeyOwner } from "../db/queries/service-accounts.ts";
import { ReplayRefusal } from "./admin/replay-route.ts";
import type { ReplayDoor, ReplayQuery } from "./admin/replay-route.ts";
import { BUNDLE_LIMITS } from "./bundle-archive/unpack.ts";
import { CommandError } from "./cli/context.ts";
import { parseMoment } from "./cli/duration.ts";
import { ACTIVE, findPolicy, toTried } from "./cli/policy-source.ts";
import { RECORDED, toReplayFilter, toScope } from "./cli/replay-options.ts";
import type { ReplayFilter } from "./cli/replay-options.ts";
import type { ClientAddress } from "./client-address.ts";
import type { Config } from "./config/config.ts";
import { REPLAY_SCOPE } from "./identity/admin-scopes.ts";
import type { Failures } from "./identity/failures.ts";
import { readIncoming } from "./identity/incoming.ts";
import { hashKey, isKeyText } from "./identity/key-format.ts";
import type { Log } from "./log.ts";
import { parseCondition } from "./replay/fail-on.ts";
import type { Condition } from "./replay/fail-on.ts";
import { listRecordParts } from "./replay/record-parts.ts";
import { ReplayError } from "./replay/replay-error.ts";
import { toReport } from "./replay/report.ts";
import type { Report } from "./replay/report.ts";
import { runReplay } from "./replay/run-replay.ts";
import { toResult } from "./replay/to-result.ts";

/** What it is made of. */
export type ReplayParts = {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly config: Config;
  readonly failures: Failures;
  readonly clientAddress: ClientAddress;
  readonly log: Log;
};

/** One process: what serves comes first. */
const BOUNDS = { processes: 1, memoryMb: 512, partMs: 120_000, totalMs: 3_600_000 };
const MOST = 1_000_000;

type Asked = Parameters<ReplayDoor["replay"]>[0];

/** Opens it. Nothing that is sent is read in this process, nor kept. */
export function openReplay(parts: ReplayParts): ReplayDoor {
  const { db, failures, clientAddress, log } = parts;
  return {
    mostBytes: BUNDLE_LIMITS.packed,
    isLimited: (c) => failures.isLimited(clientAddress(readIncoming(c.env))),
    noteFailure: (c) => failures.note(clientAddress(readIncoming(c.env))),
    async identify(token) {
      const owner = isKeyText(token) ? await findKeyOwner(db, hashKey(token)) : null;
      const isOver = owner?.expiresAt != null && owner.expiresAt.getTime() <= Date.now();
      if (owner === null || owner.isRevoked || isOver) return null;
      return { name: `service_account:${owner.name}`, mayReplay: owner.scopes.includes(REPLAY_SCOPE) };
    },
    async replay(asked, onOpened, signal) {
      const digest = createHash("sha256").update(asked.bundle).digest("hex");
      const note = (detail: Readonly<Record<string, unknown>>): Promise<void> =>
        noteAction(db, { actor: asked.actor, action: "policy.replay", object: digest, detail });
      try {
        const conditions = asked.query["fail-on"].map(readCondition);
        const report = await judge(parts, asked, onOpened, signal);
        await note({
          revision: report.bundle.revision,
          against: report.against?.revision ?? RECORDED,
          scope: report.scope,
          exchanges: report.coverage.exchanges,
          judged: report.coverage.judged,
          changed: report.exchanges.changed,
          new_denials: report.exchanges.new_denials,
          lifted_denials: report.exchanges.lifted_denials,
        });
        return toResult(report, conditions);
      } catch (error) {
        await note({ failed: true }).catch(() => log.error({}, "A replay could not be recorded."));
        throw toRefusal(error);
      }
    },
  };
}

async function judge(
  { db, databaseUrl, config }: ReplayParts,
  { bundle, query }: Asked,
  onOpened: () => void,
  signal: AbortSignal,
): Promise<Report> {
  const began = performance.now();
  const sources = { db, config, cwd: process.cwd(), isKeptOnly: true };
  const { against = ACTIVE } = query;
  const next = await toTried(sources, bundle, query.operator);
  const other = against === RECORDED ? null : await findPolicy(sources, against);
  const filter = toReplayFilter(readFilter(query));
  // Questions that take long must not stand before those of calls.
  const own = openDatabase(databaseUrl, { poolSize: 1, applicationName: "tollgate-replay" });
  try {
    const range = await findReplayRange(own, filter, query.limit ?? MOST);
    const { tally, titles, ...sides } = await runReplay({
      open: { kind: "open", next, against: other, databaseUrl, filter },
      parts: listRecordParts(own, filter, range),
      ...BOUNDS,
      onOpened,
      signal,
    });
    const seconds = Math.round(performance.now() - began) / 1000;
    const about = { bundle: sides.next, against: sides.against, scope: toScope(filter), seconds };
    return toReport(tally, about, titles);
  } finally {
    await own.close();
  }
}

function readFilter({ since, until, subject, operation, connection }: ReplayQuery): ReplayFilter {
  return {
    since: since === undefined ? undefined : readMoment(since),
    until: until === undefined ? undefined : readMoment(until),
    subject,
    operation,
    connection,
  };
}

function readMoment(text: string): Date {
  try {
    return parseMoment(text);
  } catch (error) {
    throw new ReplayRefusal(400, error instanceof Error ? error.message : "Expected a moment.");
  }
}

function readCondition(text: string): Condition {
  const condition = parseCondition(text);
  if (condition === null) throw new ReplayRefusal(400, "Expected a condition such as new-denials>0.");
  return condition;
}

/** Messages of others quote what they were given. */
function toRefusal(error: unknown): ReplayRefusal {
  if (error instanceof ReplayRefusal) return error;
  if (error instanceof CommandError) return new ReplayRefusal(400, error.message);
  if (error instanceof ReplayError) return new ReplayRefusal(422, error.message);
  return new ReplayRefusal(503, "The record can't be read at the moment.", { cause: error });
}
