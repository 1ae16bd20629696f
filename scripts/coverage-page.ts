// Writes docs/coverage.md: what the gateway sees of every operation, in each direction and transport.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { toCoverage } from "../gateway/coverage.ts";
import type { Cell, Coverage, Masking } from "../gateway/coverage.ts";
import { listRoutes } from "../gateway/routes.ts";

const operations = z.union([
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ names: z.array(z.string()).default([]), prefixes: z.array(z.string()).default([]) }),
]);
const params = z.looseObject({ groups: z.record(z.string(), z.looseObject({ operations })) });

const CELLS: Readonly<Record<Cell, string>> = {
  inspected: "inspected",
  files: "inspected, files by their text",
  nothing: "–",
  refused: "**refused**",
};

const MASKINGS: Readonly<Record<Masking, string>> = {
  masked: ", masked",
  either: ", masked or refused",
  nothing: "",
};

/** Gives the page's text; `note` says where it comes from. */
export function toCoveragePage(note: string): string {
  const groups = Object.entries(readGroups());
  const rows = listRoutes().map(toCoverage);
  const refused = rows.filter(({ refusedBy }) => refusedBy !== null).length;
  const lines = [
    "# Coverage",
    note,
    "",
    `Every operation of the OpenAI API that the SDKs know, ${rows.length} in all, comes from one table, [gateway/route-table.ts](../gateway/route-table.ts), and so does this page. A test goes through it cell by cell: a marker in a field of each operation, each direction and each transport, is seen by a rule, and a rule that denies it stops it; what is refused is refused before anything reaches the target. ${refused} operations are refused whatever the policy says.`,
    "",
    "- *inspected*: every string that is no id, enumerated value, ciphertext or media is a text that rules search, in fields that nobody knows too. Of a request that is its path, query and body; of a WebSocket every frame.",
    "- *inspected, files by their text*: names, media types and sizes are facts, and what is text in the files is searched; of other bytes (sound, pictures, archives) rules know only these facts.",
    "- *masked*: a value that [policy masks](masking.md) is masked where it stands, in fields and events that nobody knows too. *masked or refused*: it is masked where the gateway can write that anew, and otherwise nothing is passed on. Of files that is what is text in them. In an address, and in the name of a member, such a value is always refused, and in an error of the target's it is masked. A second test goes through these cells with a secret that must not arrive, and a third through each text field of the published API.",
    "- *who* names the groups that may use the operation out of the box; [policy.md](policy.md) tells how to change that. Stored objects are their owner's, whoever may use the operation.",
    "- A path that is not here is `unknown`: it is refused unless a rule names it, and then passed on without being read.",
    "",
    "| operation | method and path | request | answer | stream | who |",
    "|---|---|---|---|---|---|",
    ...rows.map((row) => toRow(row, groups)),
    "",
  ];
  return lines.join("\n");
}

function toRow(
  { spec, transport, request, answer, events, masking, refusedBy }: Coverage,
  groups: readonly [string, z.output<typeof operations>][],
): string {
  const who = groups.filter(([, may]) => allows(may, spec.operation)).map(([name]) => name);
  const method = transport === "WebSocket" ? "WebSocket" : spec.method;
  const why = refusedBy === null ? "" : ` ([${refusedBy}](errors.md))`;
  const note = spec.isAdmin
    ? " (with an admin credential)"
    : spec.isLocal
      ? " (answered by the gateway)"
      : "";
  return `| \`${spec.operation}\` | ${method} \`/v1${spec.template.replaceAll("{-", "{")}\`${note} | ${CELLS[request]}${MASKINGS[masking.request]}${why} | ${CELLS[answer]}${MASKINGS[masking.answer]} | ${CELLS[events]}${MASKINGS[masking.events]} | ${refusedBy === null ? who.join(", ") : "–"} |`;
}

function allows(may: z.output<typeof operations>, operation: string): boolean {
  if ("all" in may) return true;
  return may.names.includes(operation) || may.prefixes.some((prefix) => operation.startsWith(prefix));
}

function readGroups(): Readonly<Record<string, z.output<typeof operations>>> {
  const file = new URL("../rego/gateway/params/data.yaml", import.meta.url);
  const { groups } = params.parse(parse(readFileSync(file, "utf8")));
  return Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, group.operations]));
}
