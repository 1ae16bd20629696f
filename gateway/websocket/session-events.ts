// A realtime target's events outside of any response, in their order: every string is scanned, every call has its verdict.
import { toRefusal } from "../apply/refusal.ts";
import type { OpenContext } from "../answer/create-context.ts";
import { createGate } from "../answer/gate.ts";
import { judgeCall } from "../answer/judge-call.ts";
import { createTally } from "../answer/tally.ts";
import { GatewayError } from "../errors.ts";
import type { JsonObject, ToolCall } from "../exchange.ts";
import { NO_CONTENT } from "../judge.ts";
import { requireUnmasked } from "../mask/masks.ts";
import { walkAnswer } from "../parse/other-answer.ts";
import { createSink } from "../parse/sink.ts";
import { toMessage } from "./message-framing.ts";
import type { Verdicts } from "./verdicts.ts";

export type SessionEvents = {
  /** Takes one event; `decided` keeps it, and what is behind it, until it resolves, and drops it where it gives false. */
  take(data: Buffer, value: JsonObject, decided?: Promise<boolean>): void;
};

const NOTHING = Buffer.alloc(0);

/** Opens the reader. `fail` is given what the socket is closed with. */
export function createSessionEvents(
  context: OpenContext,
  verdicts: Verdicts,
  write: (bytes: Buffer) => void,
  fail: (error: unknown) => void,
): SessionEvents {
  const { scanner, judge, id } = context;
  const gate = createGate(write);
  const tally = createTally();

  /** Says whether a call may be told. */
  async function isOpen(call: ToolCall): Promise<boolean> {
    const found = verdicts.find(call.id);
    if (found !== null) return !(await found);
    const { denial } = await judgeCall(context, call);
    verdicts.settle(call.id, denial !== null);
    return denial === null;
  }

  function scan(texts: readonly { readonly text: string }[]): void {
    let isNew = false;
    for (const { text } of texts) {
      const found = scanner.scan(text, "message", "answer");
      isNew = tally.add(found) || isNew;
      requireUnmasked(context.masks, found, "message");
    }
    if (!isNew || !judge.speaksIn("finding")) return;
    const { patterns, findings } = tally;
    const verdict = context.ask("finding", { patterns, findings }, NO_CONTENT);
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    if (refusal === null) return;
    context.decided(verdict, "deny", []).then(() => fail(refusal), fail);
    throw refusal;
  }

  return {
    take(data, value, decided) {
      const sink = createSink();
      const calls: ToolCall[] = [];
      walkAnswer(sink, calls, value, "");
      const conditions = calls.map(isOpen);
      if (decided !== undefined) conditions.push(decided);
      const entry = gate.push(toMessage(data), conditions.length > 0 ? 1 : 0);
      scan(sink.segments);
      if (conditions.length > 0) {
        Promise.all(conditions)
          .then((answers) => {
            if (answers.includes(false)) entry.bytes = NOTHING;
            gate.release(entry);
            gate.flush();
          })
          .catch(fail);
      }
      if (gate.held > context.limits.answerBytes)
        throw new GatewayError(
          "answer_unreadable",
          "More events would have to be held than the limit allows.",
        );
      gate.flush();
    },
  };
}
