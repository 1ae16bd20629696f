// Looks into modules as `opa parse` gives them: what stands where, and what it is.

import { z } from "zod";
import type { Place } from "./problem.ts";

const located = z.object({ location: z.object({ row: z.int(), col: z.int() }) });

/** Gives a node and all that it holds, from the outside in. */
export function* walk(node: unknown): Generator {
  const waiting = [node];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    yield next;
    waiting.push(...Object.values(next).toReversed());
  }
}

/** Gives where a node of the file stands; the file's beginning where it does not say. */
export function placeOf(node: unknown, file: string): Place {
  const { row = 1, col = 1 } = located.safeParse(node).data?.location ?? {};
  return { file, line: row, column: Math.max(col, 1) };
}

/** Gives the value of a term of this type; undefined for all else. Every node is asked, so that it is read by hand. */
function readTerm(node: unknown, type: string): unknown {
  if (typeof node !== "object" || node === null || !("type" in node) || !("value" in node)) return undefined;
  return node.type === type ? node.value : undefined;
}

/** Gives the text that a term is, or null. */
export function toText(node: unknown): string | null {
  const value = readTerm(node, "string");
  return typeof value === "string" ? value : null;
}

/** Gives the name of the variable that a term is, or null. */
export function toVariable(node: unknown): string | null {
  const value = readTerm(node, "var");
  return typeof value === "string" ? value : null;
}

/** Gives the members of an array, a set or an object that is written out, an object's as pairs; null for other terms. */
export function toMembers(node: unknown, type: "array" | "set" | "object"): readonly unknown[] | null {
  const value = readTerm(node, type);
  return Array.isArray(value) ? value : null;
}

/** A reference: the variable that it begins with, and its steps; null for one that is not written out. */
export type Reference = { readonly root: string; readonly steps: readonly (string | null)[] };

/** Gives the reference that a term is, a variable alone among them, or null. */
export function toReference(node: unknown): Reference | null {
  const own = toVariable(node);
  if (own !== null) return { root: own, steps: [] };
  const value = readTerm(node, "ref");
  if (!Array.isArray(value)) return null;
  const [first, ...rest]: unknown[] = value;
  const root = toVariable(first);
  return root === null ? null : { root, steps: rest.map((step) => toText(step)) };
}

/** Gives the name of the function or operator that a term names: `regex.match`, `equal`, `internal.member_2`. */
export function toName(node: unknown): string | null {
  const reference = toReference(node);
  if (reference === null || reference.steps.includes(null)) return null;
  return [reference.root, ...reference.steps].join(".");
}
