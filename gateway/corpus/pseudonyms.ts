// Takes people and programs out of what is exported: a name becomes one that holds within one corpus alone.
import { createHmac, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Facts } from "../exchange.ts";
import { listAltered } from "../record/basis.ts";
import type { RecordLine } from "../replay/record-line.ts";

/** Gives a name in the place of a caller's. */
export type ToPseudonym = (name: string) => string;

/** Makes one by a key that nobody has: the same name gives the same pseudonym until the process forgets it. */
export function createPseudonyms(): ToPseudonym {
  const key = randomBytes(32);
  return (name) => `caller-${createHmac("sha256", key).update(name).digest("hex").slice(0, 16)}`;
}

/** What becomes of each fact about a caller; what is not named here is emptied. */
const CALLER: Readonly<Record<keyof Facts["caller"], "kept" | "renamed" | "emptied">> = {
  tenant: "kept",
  issuer: "kept",
  subject: "renamed",
  kind: "kept",
  groups: "kept",
  scopes: "kept",
  claims: "emptied",
  acts_for: "renamed",
  agent: "renamed",
  initiator: "kept",
  certificate: "renamed",
};

/** Of an agent what it may use is kept, and what names it or its owner is not. */
const AGENT_KEPT: ReadonlySet<string> = new Set(["tools"]);

/** Members of effects in which a rule may write whom it is about, such as whose calls a limit counts. */
const NAMING: ReadonlySet<string> = new Set(["about", "label", "key", "name", "question"]);

const named = z.looseObject({
  caller: z.looseObject({}),
  objects: z.array(z.looseObject({ owner: z.looseObject({ subject: z.string() }).nullish() })),
  basis: z.looseObject({ altered: z.array(z.string()) }).optional(),
});

/**
 * Gives an exchange without its callers' names. Facts note what was renamed, and what was emptied as altered, so that a
 * replay judges by no rule that reads it. Null where its facts can't be read.
 */
export function hideCallers(line: RecordLine, toPseudonym: ToPseudonym): RecordLine | null {
  const renamed = new Map<string, string>();
  const rename = (name: string): string => {
    const known = renamed.get(name) ?? toPseudonym(name);
    renamed.set(name, known);
    return known;
  };
  const hide = (facts: unknown): unknown => (facts === null ? null : hideInFacts(facts, rename));
  const subject = line.subject === null ? null : rename(line.subject);
  const facts = hide(line.facts);
  const later = line.later.map((one) => ({ ...one, facts: hide(one.facts) }));
  if (facts === undefined || later.some((one) => one.facts === undefined)) return null;
  return {
    ...line,
    subject,
    facts,
    // A rule may say whom it is about.
    decision: replaceNames(line.decision, renamed),
    later: later.map((one) => ({ ...one, decision: replaceNames(one.decision, renamed) })),
  };
}

function hideInFacts(facts: unknown, rename: ToPseudonym): unknown {
  const read = named.safeParse(facts);
  if (!read.success) return undefined;
  const { data } = read;
  const { basis } = data;
  const hidden = {
    ...data,
    caller: mapMembers(data.caller, (name, value) => renameOfCaller(name, value, rename)),
    objects: data.objects.map((object) =>
      object.owner == null
        ? object
        : { ...object, owner: { ...object.owner, subject: rename(object.owner.subject) } },
    ),
  };
  const emptied = { ...hidden, caller: mapMembers(hidden.caller, emptyOfCaller) };
  // Without a basis nothing is judged by these facts anyway.
  if (basis === undefined) return emptied;
  const altered = [...basis.altered, ...listAltered(hidden, emptied)];
  return { ...emptied, basis: { ...basis, altered, renamed: listAltered(data, hidden) } };
}

function toTreatment(name: string): unknown {
  return Object.hasOwn(CALLER, name) ? Reflect.get(CALLER, name) : "emptied";
}

function emptyOfCaller(name: string, value: unknown): unknown {
  if (toTreatment(name) !== "emptied") return value;
  return isObject(value) ? (Object.keys(value).length === 0 ? value : {}) : null;
}

function renameOfCaller(name: string, value: unknown, rename: ToPseudonym): unknown {
  if (toTreatment(name) !== "renamed" || value === null) return value;
  if (typeof value === "string") return rename(value);
  if (!isObject(value)) return null;
  return mapMembers(value, (member, inner) => {
    if (AGENT_KEPT.has(member)) return inner;
    return typeof inner === "string" ? rename(inner) : null;
  });
}

function replaceNames(value: unknown, renamed: ReadonlyMap<string, string>, isName = false): unknown {
  if (typeof value === "string") return isName ? replaceWithin(value, renamed) : value;
  if (Array.isArray(value)) return value.map((one) => replaceNames(one, renamed));
  if (!isObject(value)) return value;
  return mapMembers(value, (name, inner) => replaceNames(inner, renamed, NAMING.has(name)));
}

/** Names count where they stand by themselves, longer ones first: one may be a part of another. */
function replaceWithin(text: string, renamed: ReadonlyMap<string, string>): string {
  let replaced = text;
  for (const [name, other] of [...renamed].toSorted(([a], [b]) => b.length - a.length)) {
    if (name === "") continue;
    const parts = replaced.split(name);
    replaced = parts.reduce((before, after) => before + (isApart(before, after) ? other : name) + after);
  }
  return replaced;
}

function isApart(before: string, after: string): boolean {
  return !/[\p{L}\p{N}]$/u.test(before) && !/^[\p{L}\p{N}]/u.test(after);
}

function mapMembers(value: object, change: (name: string, value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(name, inner)]));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
