// Says which places a bundle holds, so that another one beside it can be seen to hold others.

/** Gives the roots of sources: each area of rules, and each other folder below `gateway/`. */
export function toRoots(paths: readonly string[]): readonly string[] {
  const folders = paths
    .filter((path) => path.startsWith("gateway/"))
    .map((path) => path.split("/").slice(0, -1))
    .map((parts) => parts.slice(0, parts[1] === "rules" ? 3 : 2).join("/"));
  const roots = [...new Set(folders)].toSorted();
  return roots.filter((root) => !roots.some((other) => root.startsWith(`${other}/`)));
}
