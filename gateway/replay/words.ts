// How a report words what it holds, whatever it is printed as.
import type { Report, ReportedChange } from "./report.ts";

const PHASES: Readonly<Record<string, string>> = {
  request: "request",
  answer: "answer's beginning",
  finding: "finding in an answer",
  tool_call: "tool call",
  end: "answer's end",
  whole: "whole answer",
};

const VERBS: Readonly<Record<string, string>> = {
  deny: "refuses",
  approval: "wants a person's approval",
  limit: "limits",
  mask: "masks",
  set: "sets",
  record: "records",
  label: "labels",
  share: "shares",
  forward: "forwards",
  observe: "observes",
  allow: "allows",
};

/** A phase of the policy, in a reader's words. */
export function toPhase(phase: string): string {
  return PHASES[phase] ?? phase;
}

/** What an effect does: `refuses`. */
export function toVerb(effect: string): string {
  return VERBS[effect] ?? effect;
}

/** What a rule does otherwise, as a sentence without its name: `now refuses (request)`. */
export function toWords({ change, effect, detail, phase }: ReportedChange): string {
  const verb = toVerb(effect);
  const what = detail === "" ? verb : `${verb} ${detail}`;
  return `${change === "gained" ? "now" : "no longer"} ${what} (${toPhase(phase)})`;
}

/** A part of a whole: `93.1 %`. */
export function toPercent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}

/** A number with its thousands apart. */
export function toNumber(count: number): string {
  return count.toLocaleString("en-US");
}

/** So many exchanges. */
export function toExchanges(count: number): string {
  return `${toNumber(count)} exchange${count === 1 ? "" : "s"}`;
}

/** Says of answers why they could not be judged. */
export const QUIET =
  "answers that a policy has rules for and of which nothing is recorded, since nothing was done about them then: not judged";

/** Names the two policies. */
export function toTitle({ bundle, against }: Report): string {
  const other = against === null ? "what was recorded" : `revision ${toShort(against.revision)}`;
  return `Revision ${toShort(bundle.revision)} against ${other}`;
}

/** Says what no report of recorded facts can say. */
export const CAVEAT =
  "Each exchange is judged by the facts as they were. What would have followed from a change is not played on: " +
  "labels that a session would have had, answers to requests that would have been allowed, turns that would never have come.";

function toShort(revision: string): string {
  return /^[0-9a-f]{40,}$/.test(revision) ? revision.slice(0, 12) : revision;
}
