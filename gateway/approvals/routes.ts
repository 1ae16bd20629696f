// What a requester reads of an approval on the data port: `GET /approvals/ID`, at once or once something became of it.
import type { IncomingMessage } from "node:http";
import { Hono } from "hono";
import type { Context } from "hono";
import type { findApproval } from "../../db/queries/approvals.ts";
import { ERRORS, GatewayError, toErrorDetail, toGatewayError, toShouldRetry } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { readIncoming } from "../identity/incoming.ts";
import type { Log } from "../log.ts";
import { newId } from "../new-id.ts";
import type { Waits } from "./waits.ts";

type Found = NonNullable<Awaited<ReturnType<typeof findApproval>>>;

export type RouteDeps = {
  readonly authenticate: (
    authorization: string | undefined,
    incoming: IncomingMessage,
  ) => Caller | Promise<Caller>;
  readonly find: (id: string) => Promise<Found | null>;
  readonly wait: Waits["wait"];
  readonly toUrl: (id: string) => string;
  readonly log: Log;
};

const LONGEST_WAIT_S = 60;
/** Most of who waits here, as for requests: a question that is looked at holds nothing but itself. */
const BYTES = 1024;

/** Makes the routes. */
export function createApprovalRoutes(deps: RouteDeps): Hono {
  const app = new Hono();
  app.get("/approvals/:id", async (c) => {
    const exchangeId = newId();
    c.header("cache-control", "no-store");
    try {
      const caller = await deps.authenticate(c.req.header("authorization"), readIncoming(c.env));
      return c.json(await read(c, caller));
    } catch (thrown) {
      const error = toGatewayError(thrown);
      if (error.status >= 500) deps.log.error({ err: error }, "An approval could not be read.");
      const retry = toShouldRetry(error);
      if (retry !== null) c.header("x-should-retry", retry);
      if (error.status === 401) c.header("www-authenticate", 'Bearer realm="tollgate"');
      const { status } = ERRORS[error.code];
      return c.json({ error: toErrorDetail(error, exchangeId) }, status);
    }
  });

  async function read(c: Context, caller: Caller): Promise<ReturnType<typeof toShown>> {
    const id = c.req.param("id") ?? "";
    const first = await findOwn(id, caller);
    const seconds = readWait(c.req.query("wait"));
    if (first.approval.state !== "pending" || seconds === 0) return toShown(first, deps.toUrl(id));
    await deps.wait([id], {
      caller,
      bytes: BYTES,
      ms: seconds * 1000,
      signal: c.req.raw.signal,
    });
    return toShown(await findOwn(id, caller), deps.toUrl(id));
  }

  /** Another's approval looks like one that there is not. */
  async function findOwn(id: string, { tenant, issuer, subject }: Caller): Promise<Found> {
    const found = await deps.find(id);
    const own = found?.approval;
    if (found === null || own?.tenant !== tenant || own.issuer !== issuer || own.subject !== subject)
      throw new GatewayError("not_found", "There is no such approval, or it is not yours.");
    return found;
  }

  return app;
}

function readWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= LONGEST_WAIT_S) return seconds;
  throw new GatewayError("query_invalid", `wait is a number of seconds, at most ${LONGEST_WAIT_S}.`, {
    param: "wait",
  });
}

/** What the requester is told: what is asked and what became of it, never who answered. */
function toShown({ approval, votes }: Found, url: string) {
  const { id, state, code, question, about, people, operation, model, usedBy } = approval;
  const denial = votes.find(({ vote }) => vote === "deny");
  return {
    id,
    object: "tollgate.approval",
    state,
    url,
    code,
    question,
    about,
    operation,
    model,
    people_needed: people,
    people_agreed: votes.filter(({ vote }) => vote === "approve").length,
    reason: denial?.reason ?? null,
    created_at: approval.createdAt.toISOString(),
    deadline: approval.deadline.toISOString(),
    decided_at: approval.decidedAt?.toISOString() ?? null,
    usable_until: approval.expiresAt?.toISOString() ?? null,
    used_by: usedBy,
  };
}
