// Puts the questions of a decision to people: finds what was asked of the same request before, waits, and uses a yes up.
import { createHmac } from "node:crypto";
import type { Asked, NewApproval } from "../../db/queries/approvals.ts";
import { GatewayError } from "../errors.ts";
import type { Caller, Effect, Facts, PolicyVersion, RuleText, Text } from "../exchange.ts";
import { newId } from "../new-id.ts";
import type { Box } from "../record/seal.ts";
import { cutTexts } from "./content.ts";
import { toNeeded } from "./quorum.ts";
import type { WaitEnd, WaitOptions, Waits } from "./waits.ts";

/** What the room asks of the database. */
export type ApprovalStore = {
  ask(question: NewApproval): Promise<Asked>;
  /** Uses all of them up for an exchange, or none. */
  use(ids: readonly string[], exchangeId: string): Promise<boolean>;
};

/** A request about which people are asked. */
export type Questioned = {
  readonly caller: Caller;
  readonly connection: string;
  readonly operation: string;
  readonly model: string | null;
  readonly exchangeId: string;
  /** Everything that goes out by it, as one text that is the same for the same request alone. */
  readonly content: string;
  readonly version: PolicyVersion;
  /** As they are recorded. */
  readonly facts: Facts;
  /** As they are recorded: masked. */
  readonly texts: readonly Omit<Text, "part">[];
  readonly questions: readonly Effect[];
  /** Titles of rules by code: what is asked where a contribution doesn't say. */
  readonly rules: ReadonlyMap<string, RuleText>;
};

export type Approvals = {
  /**
   * Lets a request pass whose every question has its yes, which is then used up. Gives `again` once something became of
   * one that had none: policy has to decide anew then. Throws `approval_pending`, `approval_denied`, `approval_expired`
   * or `record_unavailable`.
   */
  pass(questioned: Questioned, wait: WaitOptions): Promise<"pass" | "again">;
};

const LONGEST_WAIT_S = 55;

/** Makes it. `key` is that of the digests. */
export function createApprovals(deps: {
  readonly store: ApprovalStore;
  readonly waits: Pick<Waits, "wait">;
  readonly box: Box;
  readonly key: Buffer;
  /** Where a requester looks, from an approval's id. */
  readonly toUrl: (id: string) => string;
}): Approvals {
  const { store, waits, box, key, toUrl } = deps;

  function digest(parts: readonly unknown[]): string {
    return createHmac("sha256", key).update(JSON.stringify(parts)).digest("base64url");
  }

  function toQuestion(questioned: Questioned, effect: Effect): NewApproval {
    const { caller, connection, operation, exchangeId, content, version, facts, texts } = questioned;
    const { tenant, issuer, subject, kind, actsFor, agent } = caller;
    const { code, about = null, from = [], people = 1, within_s = 0, allows = "once" } = effect;
    const id = newId();
    const question = effect.question ?? questioned.rules.get(code)?.title ?? code;
    const who = [tenant, issuer, subject, actsFor, agent?.name ?? null];
    const barred = [subject, actsFor, agent?.owner].flatMap((one) => one ?? []);
    return {
      id,
      tenant,
      digest: digest([...who, connection, operation, content]),
      questionDigest: digest([code, question, about, from, people, within_s, allows]),
      code,
      question,
      about,
      from,
      people: toNeeded({ from, people }),
      withinSeconds: within_s,
      issuer,
      subject,
      callerKind: kind,
      barred: [...new Set(barred)],
      connection,
      operation,
      model: questioned.model,
      exchangeId,
      revision: version.revision,
      dataRevision: version.dataRevision,
      facts,
      ...box.seal(JSON.stringify(cutTexts(texts)), `approval ${id}`),
    };
  }

  return {
    async pass(questioned, wait) {
      const asked: Asked[] = [];
      for (const effect of questioned.questions)
        asked.push(await reach(() => store.ask(toQuestion(questioned, effect))));
      for (const one of asked) {
        const told = { id: one.id, url: toUrl(one.id) };
        if (one.state === "denied") throw toDenied(one, told);
        if (one.state === "expired") throw toExpired(one, told);
      }
      const [open, ...others] = asked.filter(({ state }) => state === "pending");
      if (open === undefined) {
        const ids = asked.map(({ id }) => id);
        // Another request that is the same may have used one up since: then it is asked anew.
        return (await reach(() => store.use(ids, questioned.exchangeId))) ? "pass" : "again";
      }
      const ids = [open, ...others].map(({ id }) => id);
      const end = await waits.wait(ids, wait);
      if (end === "news") return "again";
      throw toPending(open, { id: open.id, url: toUrl(open.id) }, end, wait.ms);
    },
  };
}

type Told = { readonly id: string; readonly url: string };

function toPending({ id, code }: Asked, told: Told, end: WaitEnd, waitedMs: number): GatewayError {
  const why = end === "full" ? "This gateway holds as many requests as it may. " : "";
  return new GatewayError(
    "approval_pending",
    `Waiting for a person's answer (${code}). ${why}Send the same request again: it finds the approval ${id}, which stands at ${told.url}.`,
    // A program with little patience looks again soon.
    {
      approval: {
        ...told,
        retryAfterS: Math.min(LONGEST_WAIT_S, Math.max(1, Math.round(waitedMs / 1000))),
      },
    },
  );
}

function toDenied({ id, code, reason }: Asked, approval: Told): GatewayError {
  const why = reason === null ? "" : ` Why: ${reason}`;
  return new GatewayError(
    "approval_denied",
    `A person who was asked has denied this (${code}).${why} The approval is ${id}, at ${approval.url}.`,
    { approval },
  );
}

function toExpired({ id, code }: Asked, approval: Told): GatewayError {
  return new GatewayError(
    "approval_expired",
    `Nobody answered in time what is asked first (${code}). The approval is ${id}, at ${approval.url}.`,
    { approval },
  );
}

/** Nothing goes out of which nobody knows whether people agreed. */
async function reach<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new GatewayError("record_unavailable", "Approvals are out of reach: the database doesn't answer.", {
      cause,
    });
  }
}
