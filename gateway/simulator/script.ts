// Reads the directives that a prompt gives to the simulated model.
import { isObject, parseText } from "./read-json.ts";
import { emptyStage } from "./stage.ts";
import type { Stage, StageDraft, WireFault } from "./stage.ts";

const FAULTS: Readonly<Record<string, WireFault>> = {
  "reset mid-stream": "reset",
  stall: "stall",
  silence: "silence",
  garbage: "garbage",
  "wrong content type": "content-type",
  gzip: "gzip",
  truncate: "truncate",
};

const FAIL = /^fail (\d{3})(?: (once|twice|\d+ times))?$/i;
const DURATION = /^(delay|pace) (\d+)(ms|s)$/i;
const MAX_MS = 3_600_000;
/** More directives than this are prose: reading stays linear in the prompt. */
const MAX_DIRECTIVES = 256;

/** Reads a prompt into stages, one per turn of the model; a prompt without directives has none. */
export function parseScript(prompt: string): readonly Stage[] {
  const stages: StageDraft[] = [emptyStage()];
  let position = 0;
  let found = 0;
  while (position < prompt.length && found < MAX_DIRECTIVES) {
    const separator = /^[\s;]+/.exec(prompt.slice(position));
    if (separator !== null) {
      position += separator[0].length;
      continue;
    }
    const then = /^then\b:?[ \t]*/i.exec(prompt.slice(position, position + 16));
    if (then !== null) {
      stages.push(emptyStage());
      position += then[0].length;
    }
    const stage = stages.at(-1) ?? emptyStage();
    const used = readDirective(stage, prompt, position);
    if (used > 0) found += 1;
    position += used > 0 ? used : lineLength(prompt, position) + 1;
  }
  return found > 0 ? stages : [];
}

/** Reads one directive at `start` into `stage` and gives its length; 0 where there is none. */
function readDirective(stage: StageDraft, prompt: string, start: number): number {
  const echo = /^echo:[ \t]?/i.exec(prompt.slice(start, start + 8));
  if (echo !== null) {
    stage.steps.push({ kind: "echo", text: prompt.slice(start + echo[0].length) });
    return prompt.length - start;
  }
  const line = prompt.slice(start, start + lineLength(prompt, start));
  const call = /^(call|item)[ \t]+/i.exec(line);
  if (call !== null) {
    return call[1]?.toLowerCase() === "item"
      ? readItem(stage, prompt, start, call[0].length)
      : readCall(stage, prompt, start, call[0].length, line);
  }
  const clause = (/^[^;]*/.exec(line)?.[0] ?? "").trimEnd();
  return readClause(stage, clause) ? clause.length : 0;
}

function readClause(stage: StageDraft, clause: string): boolean {
  const lower = clause.toLowerCase();
  const fault = FAULTS[lower];
  if (fault !== undefined && Object.hasOwn(FAULTS, lower)) {
    stage.fault = fault;
    return true;
  }
  const fail = FAIL.exec(clause);
  if (fail !== null) {
    const times = fail[2]?.toLowerCase();
    const count =
      times === "once"
        ? 1
        : times === "twice"
          ? 2
          : times === undefined
            ? Infinity
            : Number.parseInt(times, 10);
    stage.fail = { status: Math.max(400, Number(fail[1])), times: count };
    return true;
  }
  const duration = DURATION.exec(clause);
  if (duration !== null) {
    const ms = Math.min(MAX_MS, Number(duration[2]) * (duration[3]?.toLowerCase() === "s" ? 1000 : 1));
    if (duration[1]?.toLowerCase() === "delay") stage.delayMs = ms;
    else stage.paceMs = ms;
    return true;
  }
  const counted = /^(stream|split) (\d{1,6})$/i.exec(clause);
  if (counted !== null) {
    if (counted[1]?.toLowerCase() === "split") stage.split = Number(counted[2]);
    else stage.steps.push({ kind: "stream", words: Number(counted[2]) });
    return true;
  }
  const worded = /^(reason|refuse|handoff)(?::|\b)[ \t]*(.*)$/i.exec(clause);
  if (worded !== null) return readWorded(stage, worded[1]?.toLowerCase() ?? "", worded[2] ?? "");
  switch (lower) {
    case "fail mid-stream":
      stage.failLate = "event";
      return true;
    case "fail response":
      stage.failLate = "response";
      return true;
    case "incomplete":
      stage.incomplete = "max_output_tokens";
      return true;
    case "content filter":
      stage.incomplete = "content_filter";
      return true;
    case "keepalive":
      stage.keepalive = true;
      return true;
    case "crlf":
      stage.crlf = true;
      return true;
    case "personal data":
      stage.steps.push({ kind: "sample", of: "personal data" });
      return true;
    case "fake secrets":
      stage.steps.push({ kind: "sample", of: "secrets" });
      return true;
    default:
      return false;
  }
}

function readWorded(stage: StageDraft, word: string, rest: string): boolean {
  if (word === "handoff") {
    const name = rest.trim().replaceAll(/\s+/g, "_");
    if (name === "") return false;
    stage.steps.push({ kind: "call", name: `transfer_to_${name}`, rest: "{}" });
  } else if (word === "reason") {
    stage.steps.push({
      kind: "reason",
      text: rest === "" ? "The simulated model thinks about the prompt." : rest,
    });
  } else {
    stage.steps.push({ kind: "refuse", text: rest === "" ? "The simulated model refuses." : rest });
  }
  return true;
}

function readItem(stage: StageDraft, prompt: string, start: number, offset: number): number {
  const length = jsonLength(prompt, start + offset);
  const item = parseText(prompt.slice(start + offset, start + offset + length));
  if (!isObject(item)) return 0;
  stage.steps.push({ kind: "item", item });
  return offset + length;
}

function readCall(stage: StageDraft, prompt: string, start: number, offset: number, line: string): number {
  const name = /^[\w.-]{1,128}/.exec(line.slice(offset))?.[0];
  if (name === undefined) return 0;
  const gap = /^[ \t]*/.exec(line.slice(offset + name.length))?.[0].length ?? 0;
  const argsAt = offset + name.length + gap;
  const json = jsonLength(prompt, start + argsAt);
  if (json > 0) {
    stage.steps.push({ kind: "call", name, rest: prompt.slice(start + argsAt, start + argsAt + json) });
    return argsAt + json;
  }
  const rest = line.slice(argsAt);
  // Without arguments a `;` ends the call; with free text the line does, for shell commands hold semicolons.
  if (rest.startsWith(";")) {
    stage.steps.push({ kind: "call", name, rest: "" });
    return argsAt;
  }
  stage.steps.push({ kind: "call", name, rest: rest.trimEnd() });
  return line.length;
}

function lineLength(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return (end === -1 ? text.length : end) - start;
}

/** Gives the length of the JSON object at `start` by counting brackets outside strings; 0 where none begins or ends. */
function jsonLength(text: string, start: number): number {
  if (text[start] !== "{") return 0;
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i += 1) {
    const char = text[i];
    if (inString) {
      if (char === "\\") i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return i + 1 - start;
    }
  }
  return 0;
}
