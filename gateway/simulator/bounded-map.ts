// Keeps the newest entries of a map, so that a simulator that runs for weeks does not grow.

/** A map that forgets its oldest entry once it holds more than its limit. */
export type BoundedMap<V> = {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): boolean;
  values(): IterableIterator<V>;
};

/** Creates a map of at most `limit` entries. */
export function createBoundedMap<V>(limit: number): BoundedMap<V> {
  const map = new Map<string, V>();
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      if (map.size <= limit) return;
      const oldest = map.keys().next();
      if (oldest.done !== true) map.delete(oldest.value);
    },
    delete: (key) => map.delete(key),
    values: () => map.values(),
  };
}
