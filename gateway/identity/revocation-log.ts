// Follows the log of revocations.
import type { Revocation } from "../../db/queries/revocations.ts";
import { GatewayError } from "../errors.ts";
import { followLog } from "../follow-log.ts";
import type { FollowedLog, FollowOptions } from "../follow-log.ts";

/** The log of revocations; `confirm` throws `identity_unavailable`. */
export type RevocationLog = FollowedLog;

/** Begins to follow the log at its end: what was revoked before is refused at its first look-up. */
export function createRevocationLog(
  options: Omit<FollowOptions<Revocation>, "messages" | "onEntry"> & {
    readonly onRevocation: (revocation: Revocation) => void;
  },
): RevocationLog {
  const followed = followLog({
    ...options,
    onEntry: options.onRevocation,
    messages: {
      lost: "Revocations can't be confirmed; each request asks the database.",
      found: "Revocations are confirmed again.",
    },
  });
  return {
    ...followed,
    async confirm() {
      try {
        await followed.confirm();
      } catch (cause) {
        throw new GatewayError(
          "identity_unavailable",
          "The token can't be checked: the database is out of reach.",
          { cause },
        );
      }
    },
  };
}
