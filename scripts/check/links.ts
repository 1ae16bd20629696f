// Finds links in the pages that lead to no file or heading of the project.
import { dirname, join, normalize } from "node:path/posix";
import { toPlace } from "./tracked-files.ts";
import type { TrackedFile } from "./tracked-files.ts";

const LINK = /\]\(([^)\s]+)\)/g;
const OUTSIDE = /^(?:[a-z][a-z0-9+.-]*:|\/)/;

/** Lists the relative links of Markdown pages whose target, a file, a folder or a heading, does not exist. */
export function findBrokenLinks(files: readonly TrackedFile[]): string[] {
  const known = new Set(files.flatMap(({ path }) => listAncestors(path)));
  const pages = files.filter(({ path }) => path.endsWith(".md"));
  const headings = new Map(pages.map(({ path, text }) => [path, listHeadings(text)]));
  return pages.flatMap((file) =>
    [...withoutCode(file.text).matchAll(LINK)].flatMap((match) => {
      const target = match[1] ?? "";
      if (OUTSIDE.test(target)) return [];
      const [path = "", heading] = target.split("#");
      const place = path === "" ? file.path : normalize(join(dirname(file.path), path)).replace(/\/$/, "");
      const isThere =
        known.has(place) && (heading === undefined || headings.get(place)?.has(heading) !== false);
      return isThere ? [] : [`${toPlace(file, match.index)}: ${target} leads nowhere`];
    }),
  );
}

function listAncestors(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Blanks out fenced and inline code, keeping every place where it is. */
function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```|`[^`\n]*`/gm, (code) => code.replace(/[^\n]/g, " "));
}

/** The anchors of a page's headings, as GitHub makes them. */
function listHeadings(text: string): ReadonlySet<string> {
  const titles = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} +(.+)$/gm)].map(
    (match) => match[1] ?? "",
  );
  return new Set(
    titles.map((title) =>
      title
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}
