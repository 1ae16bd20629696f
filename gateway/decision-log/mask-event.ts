// Applies what a policy's `system.log.mask` says to an event, as OPA does: parts are erased or replaced, and named.
import { z } from "zod";
import type { DecisionEvent } from "./event.ts";

type Node = null | boolean | number | string | Node[] | Members;
type Members = { [member: string]: Node };

const pointer = z.string().regex(/^\/(?:input|result|nd_builtin_cache)(?:\/|$)/);
const rules = z.array(
  z.union([
    pointer,
    z.looseObject({ op: z.literal("remove"), path: pointer }),
    z.looseObject({ op: z.literal("upsert"), path: pointer, value: z.json().default(null) }),
  ]),
);

/**
 * Gives the event with `said` done to it: a list of pointers to erase, or of `{op: "remove" | "upsert", path, value}`, only
 * below `/input`, `/result` and `/nd_builtin_cache`. What a pointer doesn't find is left out, as OPA does. Throws an Error
 * where the list can't be read.
 */
export function maskEvent(event: DecisionEvent, said: unknown): DecisionEvent {
  const parsed = rules.safeParse(said);
  if (!parsed.success)
    throw new Error("system.log.mask gave something else than pointers below /input and /result");
  if (parsed.data.length === 0) return event;
  const { input, result, ...rest } = event;
  const root: Members = JSON.parse(JSON.stringify({ input, result }));
  const erased: string[] = [];
  const masked: string[] = [];
  for (const rule of parsed.data) {
    const path = typeof rule === "string" ? rule : rule.path;
    const steps = path.slice(1).split("/");
    if (typeof rule !== "string" && rule.op === "upsert") {
      if (upsert(root, steps, rule.value)) masked.push(path);
    } else if (remove(root, steps)) erased.push(path);
  }
  return {
    ...rest,
    ...root,
    ...(erased.length > 0 && { erased }),
    ...(masked.length > 0 && { masked }),
  };
}

/** Gives the event without anything that the policy saw or said: what is told where it can't say what to leave out. */
export function eraseEvent(event: DecisionEvent): DecisionEvent {
  return maskEvent(event, ["/input", "/result"]);
}

/** Gives the member or element that a step leads to: as it is written, which is OPA's way, else as RFC 6901 reads it. */
function findStep(node: Node, step: string): string | number | null {
  if (Array.isArray(node)) return /^\d{1,9}$/.test(step) && Number(step) < node.length ? Number(step) : null;
  if (!isMembers(node)) return null;
  const read = step.replaceAll("~1", "/").replaceAll("~0", "~");
  return [step, read].find((name) => Object.hasOwn(node, name)) ?? null;
}

function at(node: Node, key: string | number): Node {
  if (Array.isArray(node)) return node[Number(key)] ?? null;
  return isMembers(node) ? (node[String(key)] ?? null) : null;
}

function remove(root: Members, steps: readonly string[]): boolean {
  let node: Node = root;
  for (const [depth, step] of steps.entries()) {
    const key = findStep(node, step);
    if (key === null) return false;
    if (depth < steps.length - 1) node = at(node, key);
    else if (Array.isArray(node)) node.splice(Number(key), 1);
    else if (isMembers(node)) delete node[String(key)];
  }
  return true;
}

/** Sets a value; objects on the way are made, elements of lists are not. */
function upsert(root: Members, steps: readonly string[], value: Node): boolean {
  let node: Node = root;
  for (const [depth, step] of steps.entries()) {
    const isLast = depth === steps.length - 1;
    let key = findStep(node, step);
    if (key === null) {
      // Of what isn't there as a whole nothing is made.
      if (depth === 0 || !isMembers(node) || step === "__proto__") return false;
      key = step;
      node[key] = {};
    }
    if (!isLast) node = at(node, key);
    else if (Array.isArray(node)) node[Number(key)] = value;
    else if (isMembers(node)) node[String(key)] = value;
    else return false;
  }
  return true;
}

function isMembers(value: Node): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
