// A realtime target's events outside of any response, in their order: every string is scanned, every call has its verdict.
import { toRefusal } from "../apply/refusal.ts";
import type { OpenContext } from "../answer/create-context.ts";
import { createGate } from "../answer/gate.ts";
import { judgeCall } from "../answer/judge-call.ts";
import { createTally } from "../answer/tally.ts";
import { GatewayError } from "../errors.ts";
import type { Finding, JsonObject, ToolCall } from "../exchange.ts";
import { NO_CONTENT } from "../judge.ts";
import { requireUnmasked } from "../mask/masks.ts";
import { readOtherEvent, walkAnswer } from "../parse/other-answer.ts";
import type { OtherText } from "../parse/other-answer.ts";
import { createSink } from "../parse/sink.ts";
import { toMessage } from "./message-framing.ts";
import type { Verdicts } from "./verdicts.ts";

export type SessionEvents = {
  /** Takes one event; `decided` keeps it, and what is behind it, until it resolves, and drops it where it gives false. */
  take(data: Buffer, value: JsonObject, decided?: Promise<boolean>): void;
};

const NOTHING = Buffer.alloc(0);
/** Texts that may come in pieces side by side. */
const MOST_CHANNELS = 64;

/** Opens the reader. `denied` is told of a call that was denied here, `fail` is given what the socket is closed with. */
export function createSessionEvents(
  context: OpenContext,
  verdicts: Verdicts,
  write: (bytes: Buffer) => void,
  denied: (call: ToolCall, code: string) => void,
  fail: (error: unknown) => void,
): SessionEvents {
  const { scanner, judge, id } = context;
  const gate = createGate(write);
  const tally = createTally();
  /** Calls that are being judged: several events may tell one at a time. */
  const asking = new Map<string, Promise<boolean>>();
  const channels = new Map<string, ReturnType<typeof scanner.stream>>();

  /** Says whether a call may be told. What was allowed with other arguments was not allowed with these. */
  async function isOpen(call: ToolCall): Promise<boolean> {
    const { argumentsDigest } = context.toCallRow(call, null);
    const found = await verdicts.find(call.id);
    if (found !== null && (found.isDenied || found.argumentsDigest === argumentsDigest))
      return !found.isDenied;
    // Announced without its arguments it is nothing yet that anybody could run.
    if (found !== null && call.arguments === "") return true;
    const key = `${call.id} ${argumentsDigest}`;
    const asked = asking.get(key) ?? ask(call, argumentsDigest).finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }

  async function ask(call: ToolCall, argumentsDigest: string | null): Promise<boolean> {
    const { denial } = await judgeCall(context, call);
    verdicts.settle(call.id, { isDenied: denial !== null, argumentsDigest });
    if (denial !== null) denied(call, denial.code);
    return denial === null;
  }

  /** Searches a text; pieces of one come on one channel, and are searched as one. */
  function search({ channel, text, continues }: OtherText): readonly Finding[] {
    if (!continues) return scanner.scan(text, "message", "answer");
    const stream = channels.get(channel) ?? scanner.stream("message", "answer");
    channels.delete(channel);
    channels.set(channel, stream);
    if (channels.size > MOST_CHANNELS) channels.delete(channels.keys().next().value ?? "");
    return stream.push(text);
  }

  function scan(texts: readonly OtherText[]): void {
    let isNew = false;
    for (const each of texts) {
      const found = search(each);
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
      scan(readOtherEvent(null, value, sink.segments));
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
