// The errors that a target reports: within its stream, and by a status whose body nobody can read.
import { ERRORS, GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";
import { applyEdits } from "../mask/edits.ts";
import type { AnswerContext } from "./context.ts";
import type { Entry } from "./gate.ts";
import type { StreamTools } from "./stream.ts";

const CHANNEL = "/error/message";

/**
 * Gives the error with the target's own code and message: they are part of its answer, and are searched and masked as
 * its texts are. A code of the gateway's or of one of its rules is left out: it would speak for the gateway.
 *
 * @throws GatewayError `policy_denied` where a rule refuses what stands in the message.
 */
export function toTargetError(error: JsonObject, tools: StreamTools): GatewayError {
  const { context, scan } = tools;
  // What came before it is whole: the target says no more.
  scan.end();
  tools.flush();
  const { message } = { message: error["message"] };
  const isSaid = typeof message === "string" && message !== "";
  const text = isSaid ? mask(scan, message) : "The target reported an error in its stream.";
  const publicCode = toTargetCode(error, context);
  return new GatewayError("target_failed", text, {
    isTargets: true,
    ...(publicCode !== null && { publicCode }),
  });
}

/** Gives the error of an answer that is none of the API's; `headers` are those that pass. An error keeps its status. */
export function toStatusError(
  status: number,
  headers: Readonly<Record<string, string>>,
  cause?: unknown,
): GatewayError {
  if (status >= 400) {
    const message = `The target answered with status ${status}, and not in JSON.`;
    return new GatewayError("target_failed", message, { cause, told: { status, headers } });
  }
  const message = `The target answered with status ${status} and another content type than was asked for.`;
  return new GatewayError("answer_type_unexpected", message, { cause });
}

/** Gives the target's own code; null where it is no word, speaks for the gateway, or is a value that a detector knows. */
export function toTargetCode(
  { code }: JsonObject,
  { judge, nameScanner }: Pick<AnswerContext, "judge" | "nameScanner">,
): string | null {
  if (typeof code !== "string" || !/^[a-z0-9_]{1,64}$/.test(code)) return null;
  if (Object.hasOwn(ERRORS, code) || judge.rules.has(code)) return null;
  return nameScanner.scan(code, "message", "answer").length === 0 ? code : null;
}

function mask(scan: StreamTools["scan"], message: string): string {
  const nowhere: Entry = { bytes: Buffer.alloc(0), waits: 0, size: 0, event: null, changes: [] };
  scan.whole(CHANNEL, "message", message, nowhere, null);
  return applyEdits(message, scan.edits(CHANNEL));
}
