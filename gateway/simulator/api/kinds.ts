// Makes collections of a list of kinds, each below the one in whose path it lies.
import { createCollection } from "../collection.ts";
import type { Collection, Kind } from "../collection.ts";
import type { ApiDeps } from "../call.ts";

/** Creates the collections, by their path; a parent stands before what lies below it. */
export function createCollections(kinds: readonly Kind[], deps: ApiDeps): ReadonlyMap<string, Collection> {
  const made = new Map<string, Collection>();
  for (const kind of kinds) {
    const parent = made.get(kind.path.replace(/\/\{\w+\}\/\w+$/, ""));
    made.set(kind.path, createCollection(parent === undefined ? kind : { ...kind, parent }, deps));
  }
  return made;
}
