// Ends what an issuer says is over, and notes that it was said, in one transaction: what fails in between may be told again.
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { forgetAssertions, useAssertionWithin } from "./client-keys.ts";
import { endIssuerSessions } from "./console-sessions.ts";
import { appendRevocations } from "./revocations.ts";
import type { RevocationKey } from "./revocations.ts";
import { markTokensOf } from "./tokens.ts";

/** What an issuer says is over. */
export type IssuerLogout = {
  readonly issuer: string;
  /** A session of its own, all of one subject's, or one of that subject's. */
  readonly subject: string | null;
  readonly session: string | null;
  /** Names the message, which counts once until `until`. */
  readonly hash: Buffer;
  readonly until: Date;
  /** Whether callers are named by the issuer's `sub`, so that `subject` names their tokens too. */
  readonly namesCallers: boolean;
  /** Whether the subjects' tokens end as well. */
  readonly endsTokens: boolean;
};

/** Does it; gives how many sessions in the console ended, or null where the message was used before. */
export async function endAtLogout(db: Database, logout: IssuerLogout): Promise<number | null> {
  const { issuer, subject, hash, until } = logout;
  return runQuery(async () => {
    await forgetAssertions(db);
    return db.orm.transaction(async (tx) => {
      if (!(await useAssertionWithin(tx, hash, until))) return null;
      const ended = await endIssuerSessions(tx, logout);
      const subjects = new Set(ended.map((one) => one.subject));
      if (logout.namesCallers && subject !== null) subjects.add(subject);
      if (logout.endsTokens) {
        const entries: RevocationKey[] = [];
        for (const one of subjects) entries.push(...(await markTokensOf(tx, { issuer, subject: one })));
        await appendRevocations(tx, entries, `logout at ${issuer}`);
      }
      return ended.reduce((sum, { count }) => sum + count, 0);
    });
  });
}
