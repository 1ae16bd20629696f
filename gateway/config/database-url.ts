// Reads the database's URL, and whom it trusts to vouch for its server.
import { resolve } from "node:path";
import { readAuthorities } from "./authorities.ts";
import { readVariable } from "./environment.ts";
import type { ConfigFile } from "./schema.ts";
import type { Environment } from "./secrets.ts";
import { followReference } from "./secrets.ts";

type Report = (at: readonly PropertyKey[] | string, expected: string) => void;

/** Gives the URL, with the authorities' file by its absolute path; null: there is none. Reports what is wrong. */
export function readDatabaseUrl(
  file: ConfigFile,
  env: Environment,
  folder: string,
  report: Report,
): string | null {
  const direct = readVariable(env, "DATABASE_URL");
  const place = direct === null ? ["database", "url"] : "DATABASE_URL";
  let found = direct;
  if (direct === null && file.database.url !== undefined) {
    const followed = followReference(file.database.url, env, folder);
    if ("expected" in followed) report(place, followed.expected);
    else found = followed.value;
  }
  if (found === null) {
    if (file.database.ca !== undefined)
      report(["database", "ca"], "expected a database of your own beside it");
    return null;
  }
  if (!/^postgres(?:ql)?:\/\//.test(found) || !URL.canParse(found)) {
    report(place, "expected a URL that begins with postgres://");
    return found;
  }
  return withAuthorities(found, place, file.database.ca, folder, report);
}

/** Names the authorities of the database's server by an absolute path, in the URL. */
function withAuthorities(
  text: string,
  place: string | readonly PropertyKey[],
  ca: string | undefined,
  folder: string,
  report: Report,
): string {
  const url = new URL(text);
  const named = url.searchParams.get("sslrootcert");
  if (ca !== undefined && named !== null) {
    report(["database", "ca"], "expected the authorities in one place: the URL names some (sslrootcert)");
    return text;
  }
  const given = ca ?? named;
  if (given === null || (named === "system" && ca === undefined)) return text;
  const path = resolve(folder, given);
  const read = readAuthorities(path);
  if ("expected" in read) report(ca === undefined ? place : ["database", "ca"], read.expected);
  url.searchParams.set("sslrootcert", path);
  return url.href;
}
