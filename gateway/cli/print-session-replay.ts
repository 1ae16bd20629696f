// Prints a session that was judged again, for a reader: what was asked, what was decided and where the rule stands.
import type { SessionStep } from "../../db/queries/session-steps.ts";
import type { Step, StepEffect, Verdict } from "./session-steps.ts";
import { toPhase, toVerb } from "../replay/words.ts";
import type { Output } from "./context.ts";
import { toMoment, toPlain } from "./print.ts";

/** An exchange with its judged decisions; texts are those that are recorded of its request, masked. */
export type JudgedExchange = {
  readonly row: SessionStep;
  readonly texts: readonly string[];
  readonly steps: readonly Step[];
};

const SHORT = 160;

/** Prints one exchange. */
export function printJudged(
  output: Output,
  { row, texts, steps }: JudgedExchange,
  number: number,
  isFull: boolean,
): void {
  const write = (indent: number, text: string): void => {
    output.write(`${" ".repeat(indent)}${toPlain(text)}\n`);
  };
  const model = row.model === null ? "" : ` of ${row.model}`;
  write(0, `${number}. ${toMoment(row.at)}  ${row.id}`);
  write(3, `asked     ${row.operation}${model}${row.stream ? ", streamed" : ""}`);
  for (const text of isFull ? texts : texts.slice(-1)) write(13, `“${isFull ? text : toShort(text)}”`);
  for (const step of steps) {
    const about = step.calls.length === 0 ? "" : ` ${step.calls.join(", ")}`;
    write(3, `${toPhase(step.phase)}${about}: ${step.isDenied ? "refused" : "let through"}`);
    for (const [index, effect] of step.effects.entries()) {
      write(6, toEffectLine(effect));
      // A rule that does several things is told of once.
      if (effect.effect === "allow" || step.effects[index + 1]?.code === effect.code) continue;
      for (const { rule } of effect.places) if (rule !== null) write(10, rule);
      if (effect.title !== null) write(10, effect.title);
    }
    write(6, `${SIGNS[step.inForce.verdict]} ${toVerdictLine(step.inForce, "the policy then")}`);
    if (step.other !== null)
      write(6, `${SIGNS[step.other.verdict]} ${toVerdictLine(step.other, "the other bundle")}`);
  }
}

const SIGNS = { agrees: "=", differs: "≠", not_judged: "?" } as const;

function toEffectLine({ effect, code, detail, places }: StepEffect): string {
  const at = places.map(({ file, line }) => (line === null ? file : `${file}:${line}`)).join(", ");
  const what = detail === "" ? toVerb(effect) : `${toVerb(effect)} ${detail}`;
  return `${code} ${what}${at === "" ? "" : `  (${at})`}`;
}

function toVerdictLine(verdict: Verdict, who: string): string {
  if (verdict.verdict === "agrees") return `${who} says the same`;
  if (verdict.verdict === "not_judged") return `${who} can't be asked: ${verdict.text}`;
  const changes = verdict.differences.map(
    ({ code, effect, detail, change }) =>
      `${code} ${change === "gained" ? "" : "no longer "}${toVerb(effect)}${detail === "" ? "" : ` ${detail}`}`,
  );
  return `${who} says otherwise: ${changes.join("; ")}`;
}

function toShort(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT).toWellFormed()}…`;
}
