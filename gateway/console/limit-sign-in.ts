// Holds back whoever fails too often to get in: counted by address, together with failures at the token service.
import type { Context, MiddlewareHandler } from "hono";
import type { Failures } from "../identity/failures.ts";
import { problem } from "./door.ts";

/** Where somebody who isn't signed in shows what should let them in. */
const DOORS = /^\/console\/(?:link|oidc|saml)(?:\/|$)/;

/** What is counted, and for whom. */
export type SignInLimit = {
  readonly failures: Failures;
  /** Gives the address that a request comes from. */
  readonly toAddress: (c: Context) => string;
};

/** Makes what counts a refusal, and answers with a 429 where there were too many. */
export function limitSignIn({ failures, toAddress }: SignInLimit): MiddlewareHandler {
  return async (c, next) => {
    if (!DOORS.test(c.req.path)) return next();
    const address = toAddress(c);
    if (failures.isLimited(address)) {
      c.header("retry-after", "60");
      return problem(c, 429, "Wait a minute", "Too many attempts failed from where you are.");
    }
    await next();
    if (c.res.status >= 400 && c.res.status < 500) failures.note(address);
  };
}
