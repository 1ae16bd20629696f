// What recorded facts lack of those that policy saw: by it a replay knows which of its decisions follow from the record.

/** What recorded facts lack. A decision follows from them as far as its rules read nothing of that. */
export type Basis = {
  /** RFC 6901 pointers of facts that were masked or shortened for the record; the empty one where it may be any. */
  readonly altered: readonly string[];
  /**
   * Of a corpus: pointers of names that others stand for, the same one for the same name. Who reads them decides alike,
   * unless it goes by a particular one.
   */
  readonly renamed?: readonly string[];
  /** The bound of tokens that policy was asked with first, where it then had them counted. */
  readonly bound?: number;
  /** What was judged by facts that are not recorded: the requests in a file, or a body that a refusal left unread. */
  readonly besides?: "lines" | "unread";
};

/** Facts as they stand in the record. */
export type WithBasis<T> = T & { readonly basis?: Basis };

/** Lacks nothing. */
export const WHOLE: Basis = { altered: [] };

/** Lists the pointers at which two values differ that were made one from the other: what is the same is left the same. */
export function listAltered(before: unknown, after: unknown, at = ""): readonly string[] {
  if (before === after) return [];
  if (!isParent(before) || !isParent(after)) return [at];
  const keys = Object.keys(before);
  const others = Object.keys(after);
  // Where a name was masked, nobody knows any more which member it was.
  if (keys.length !== others.length || keys.some((key, index) => key !== others[index])) return [at];
  return keys.flatMap((key) =>
    listAltered(Reflect.get(before, key), Reflect.get(after, key), `${at}/${toToken(key)}`),
  );
}

function isParent(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function toToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
