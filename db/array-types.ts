// How arrays travel. postgres.js would ask each new connection for all array types, and a connection
// that is lost during that question ends the process: nobody handles its error.

/** PostgreSQL's OIDs of `text[]`, `varchar[]`, `uuid[]` and `integer[]`, which are the same in every database. */
const OIDS = [1009, 1015, 2951, 1007] as const;
const INTEGERS = 1007;

/** The types for postgres.js, whose own question is switched off. */
export const ARRAY_TYPES = Object.fromEntries(
  OIDS.map((oid) => [
    `array${oid}`,
    { to: oid, from: [oid], serialize: toArrayText, parse: oid === INTEGERS ? readIntegers : readArrayText },
  ]),
);

/** Writes a list in PostgreSQL's form for arrays; a text is in that form already. */
export function toArrayText(values: readonly (string | number | null)[] | string): string {
  if (typeof values === "string") return values;
  const written = values.map((value) =>
    value === null ? "NULL" : `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  );
  return `{${written.join(",")}}`;
}

/** Reads an array of one dimension in PostgreSQL's form (its manual, section 8.15.6). */
export function readArrayText(text: string): (string | null)[] {
  const values: (string | null)[] = [];
  let value = "";
  let isQuoted = false;
  let wasQuoted = false;
  for (let at = 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") value += text.charAt((at += 1));
    else if (character === '"') {
      isQuoted = !isQuoted;
      wasQuoted = true;
    } else if (isQuoted || (character !== "," && character !== "}")) value += character;
    else {
      if (value !== "" || wasQuoted) values.push(value === "NULL" && !wasQuoted ? null : value);
      value = "";
      wasQuoted = false;
    }
  }
  return values;
}

function readIntegers(text: string): (number | null)[] {
  return readArrayText(text).map((value) => (value === null ? null : Number(value)));
}
