// Says in short how two builds of a policy differ.

import type { Built } from "./build.ts";

type Compared = Pick<Built, "rules" | "sources">;

/** What is generated changes with the rules. */
const GENERATED = "gateway/main/";

/** Gives a phrase for each rule and each other file that is new, gone or changed. */
export function listChanges(before: Compared, after: Compared): readonly string[] {
  const [old, now] = [toParts(before), toParts(after)];
  return [
    ...[...now.keys()].filter((name) => !old.has(name)).map((name) => `${name} is new`),
    ...[...old.keys()].filter((name) => !now.has(name)).map((name) => `${name} is gone`),
    ...[...now].flatMap(([name, text]) =>
      old.has(name) && old.get(name) !== text ? [`${name} changed`] : [],
    ),
  ];
}

/** Files by what they are called: a rule by its code. */
function toParts({ rules, sources }: Compared): ReadonlyMap<string, string> {
  const codes = new Map(rules.map(({ code, package: name }) => [name, code]));
  const authored = sources.filter(({ path }) => !path.startsWith(GENERATED));
  return new Map(
    authored.map(({ path, bytes }) => {
      const code = codes.get(`data.${path.split("/").slice(0, -1).join(".")}`);
      const isRule = code !== undefined && path.endsWith(".rego");
      return [isRule ? `rule ${code}` : path, bytes.toString("latin1")];
    }),
  );
}
