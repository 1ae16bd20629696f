// Writes many places of a JSON value: what lies on the way to one is copied once, however many there are.
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject, toTokens } from "./pointer.ts";

/** A value in which places are replaced; the one that it was made of stays as it is. */
export type Writer = {
  /** The value with what was replaced so far. */
  readonly value: Json;
  /** Replaces what stands at the pointer; false where nothing does. */
  replace(pointer: string, replacement: Json): boolean;
};

/** Opens the writer of a value. */
export function createWriter(value: Json): Writer {
  let root = value;
  /** The copies, as they may be written. */
  const lists = new WeakMap<readonly Json[], Json[]>();
  const objects = new WeakMap<JsonObject, Record<string, Json>>();

  function own(node: Json): Json {
    if (isList(node)) {
      if (lists.has(node)) return node;
      const copy = [...node];
      lists.set(copy, copy);
      return copy;
    }
    if (!isObject(node) || objects.has(node)) return node;
    const copy = { ...node };
    objects.set(copy, copy);
    return copy;
  }

  function put(node: Json, token: string, child: Json): void {
    if (isList(node)) lists.get(node)?.splice(Number(token), 1, child);
    else if (isObject(node)) {
      const copy = objects.get(node);
      // A computed key defines an own member, `__proto__` included.
      if (copy !== undefined) Object.defineProperty(copy, token, { ...OWN, value: child });
    }
  }

  return {
    get value() {
      return root;
    },
    replace(pointer, replacement) {
      const tokens = toTokens(pointer);
      if (tokens === null) return false;
      if (tokens.length === 0) {
        root = replacement;
        return true;
      }
      root = own(root);
      let at = root;
      for (const [depth, token] of tokens.entries()) {
        const child = step(at, token);
        if (child === undefined) return false;
        const next = depth === tokens.length - 1 ? replacement : own(child);
        if (next !== child) put(at, token, next);
        at = next;
      }
      return true;
    },
  };
}

const OWN = { configurable: true, enumerable: true, writable: true } as const;

function step(at: Json, token: string): Json | undefined {
  if (isList(at)) return /^(?:0|[1-9]\d{0,9})$/.test(token) ? at[Number(token)] : undefined;
  return isObject(at) && Object.hasOwn(at, token) ? at[token] : undefined;
}
