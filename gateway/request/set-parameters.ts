// Changes parameters of a request as policy says, where each API keeps them; all other bytes stay as they came.
import { toWanted } from "../apply/wanted.ts";
import type { Wanted } from "../apply/wanted.ts";
import { GatewayError } from "../errors.ts";
import type {
  Effect,
  Json,
  JsonObject,
  ParameterChange,
  RouteSpec,
  Settable,
  ToolFacts,
} from "../exchange.ts";
import { patchBody } from "../parse/patch.ts";
import type { Patch } from "../parse/patch.ts";
import { escapeToken, getAt, isObject } from "../parse/pointer.ts";
import { isMeant, takeTools } from "./take-tools.ts";
import type { Meant } from "./take-tools.ts";

/** What is changed of one request. */
export type SetParameters = {
  readonly changes: readonly ParameterChange[];
  /** The tools that are taken out, and by which rule; null: none are meant. */
  readonly meant: { readonly tools: Meant; readonly code: string } | null;
  /** Gives a body of the same shape with the changes. */
  apply(bytes: Buffer): Buffer;
  /** Does the same to a body that was parsed. */
  applyTo(body: JsonObject): JsonObject;
};

type Path = readonly string[];

/** Names of a parameter that have others besides its own. */
const NAMES: Partial<Readonly<Record<Settable, readonly Path[]>>> = {
  max_output_tokens: [
    ["max_output_tokens"],
    ["max_completion_tokens"],
    ["max_tokens"],
    ["max_response_output_tokens"],
  ],
  reasoning_effort: [["reasoning_effort"], ["reasoning", "effort"]],
  verbosity: [["verbosity"], ["text", "verbosity"]],
};

/** What the API takes where a number is absent. */
const UNSET: Partial<Readonly<Record<Settable, number>>> = {
  frequency_penalty: 0,
  max_output_tokens: Number.POSITIVE_INFINITY,
  max_tool_calls: Number.POSITIVE_INFINITY,
  n: 1,
  presence_penalty: 0,
  temperature: 1,
  top_p: 1,
};

const SAMPLED = { temperature: ["temperature"], top_p: ["top_p"] } as const;
const RUN = { ...SAMPLED, max_output_tokens: ["max_completion_tokens"] } as const;

/** The parameters that an operation is known to take: there they are put where they are absent. */
const TAKES: Readonly<Record<string, Partial<Readonly<Record<Settable, Path>>>>> = {
  "responses.create": {
    ...SAMPLED,
    max_output_tokens: ["max_output_tokens"],
    max_tool_calls: ["max_tool_calls"],
    parallel_tool_calls: ["parallel_tool_calls"],
    prompt_cache_retention: ["prompt_cache_retention"],
    reasoning_effort: ["reasoning", "effort"],
    service_tier: ["service_tier"],
    store: ["store"],
    truncation: ["truncation"],
    verbosity: ["text", "verbosity"],
  },
  "chat.completions.create": {
    ...SAMPLED,
    frequency_penalty: ["frequency_penalty"],
    max_output_tokens: ["max_completion_tokens"],
    n: ["n"],
    presence_penalty: ["presence_penalty"],
    prompt_cache_retention: ["prompt_cache_retention"],
    reasoning_effort: ["reasoning_effort"],
    seed: ["seed"],
    service_tier: ["service_tier"],
    store: ["store"],
    verbosity: ["verbosity"],
  },
  "completions.create": {
    ...SAMPLED,
    frequency_penalty: ["frequency_penalty"],
    max_output_tokens: ["max_tokens"],
    n: ["n"],
    presence_penalty: ["presence_penalty"],
    seed: ["seed"],
  },
  "threads.create_and_run": RUN,
  "threads.runs.create": RUN,
  "realtime.connect": { max_output_tokens: ["response", "max_output_tokens"] },
};

/** Tokens of an answer where the oldest API is told none. */
const COMPLETION_TOKENS = 16;

/**
 * Says what is changed of a request.
 *
 * @throws GatewayError `policy_settings_conflict`.
 */
export function setParameters(
  effects: readonly Effect[],
  { operation, dialect, isLocal }: RouteSpec,
  body: JsonObject | null,
): SetParameters {
  if (effects.length === 0 || body === null || isLocal) return NOTHING;
  const patches: Patch[] = [];
  const changes: ParameterChange[] = [];
  // What a realtime session, or one response of it, is set to.
  const inner = dialect === "other" ? ["session", "response"] : [];
  const bases: readonly Path[] = [[], ...inner.filter((key) => isObject(body[key])).map((key) => [key])];
  let meant: SetParameters["meant"] = null;
  for (const wanted of toWanted(effects)) {
    const { parameter, codes } = wanted;
    if (parameter === "tools") {
      meant = { tools: wanted.strip ? null : wanted.without, code: codes[0] ?? "" };
      for (const base of bases) {
        const value = getAt(body, toPointer(base));
        const taken = isObject(value) ? takeTools(value, base, meant.tools) : null;
        if (taken === null) continue;
        patches.push(...taken.patches);
        const pointer = toPointer([...base, parameter]);
        changes.push({ parameter, pointer, codes, from: null, to: null, taken: taken.names });
      }
      continue;
    }
    for (const [path, from] of listPlaces(parameter, operation, bases, body)) {
      const unset = operation === "completions.create" && parameter === "max_output_tokens";
      const to = toValue(wanted, from, unset ? COMPLETION_TOKENS : UNSET[parameter]);
      if (to === undefined || to === from) continue;
      patches.push(to === null ? { path, does: "drop" } : { path, does: "set", value: to });
      changes.push({ parameter, pointer: toPointer(path), codes, from: toKind(from), to });
    }
  }
  if (patches.length === 0) return { ...NOTHING, meant };
  return {
    changes,
    meant,
    apply: (bytes) => patchBody(bytes, patches),
    applyTo(value) {
      const changed: Json = JSON.parse(
        patchBody(Buffer.from(JSON.stringify(value)), patches).toString("utf8"),
      );
      return isObject(changed) ? changed : value;
    },
  };
}

/**
 * Refuses a request of which something would have to be changed where the gateway changes nothing.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireUnchanged({ changes: [change] }: SetParameters, where: string): void {
  if (change === undefined) return;
  const { parameter, codes, to, taken } = change;
  const should = taken === undefined ? (to === null ? "be absent" : `be ${to}`) : `lack ${taken.join(", ")}`;
  throw refusal(
    codes[0] ?? "",
    `The parameter \`${parameter}\` must ${should} here, and the gateway does not change it ${where}: send it so.`,
    change.pointer,
  );
}

/**
 * Refuses what would have to be changed in a form across its parts: each is a value by itself.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireWritable(set: SetParameters, parts: readonly string[]): void {
  const astray = set.changes.filter(
    ({ pointer }) => !parts.some((part) => pointer === part || pointer.startsWith(`${part}/`)),
  );
  requireUnchanged({ ...set, changes: astray }, "in this form");
}

/**
 * Refuses tools that were to be taken out and stand elsewhere than in a list of the request's own.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireTaken({ meant }: SetParameters, tools: readonly ToolFacts[], isAll: boolean): void {
  if (meant === null) return;
  if (isAll && !tools.some((tool) => isMeant(meant.tools, tool))) return;
  const why = "A tool that must be taken out stands where the gateway does not change it, or among too many.";
  throw refusal(meant.code, why, "/tools");
}

function refusal(code: string, why: string, param: string): GatewayError {
  return new GatewayError("policy_denied", `Refused by policy (${code}). ${why}`, {
    publicCode: code,
    param,
  });
}

const NOTHING: SetParameters = {
  changes: [],
  meant: null,
  apply: (bytes) => bytes,
  applyTo: (body) => body,
};

/** Gives where a parameter stands, with its value, and where it belongs where it stands nowhere. */
function listPlaces(
  parameter: Settable,
  operation: string,
  bases: readonly Path[],
  body: JsonObject,
): readonly (readonly [Path, Json])[] {
  const places = bases.flatMap((base) =>
    (NAMES[parameter] ?? [[parameter]]).flatMap((name) => {
      const path = [...base, ...name];
      const value = getAt(body, toPointer(path)) ?? null;
      return value === null ? [] : [[path, value] as const];
    }),
  );
  const type = body["type"] ?? "response.create";
  const own = type === "response.create" ? TAKES[operation]?.[parameter] : undefined;
  return places.length > 0 || own === undefined ? places : [[own, null]];
}

/** Gives the value that a parameter gets; null: none; undefined: it stays as it is. */
function toValue(wanted: Wanted, from: Json, unset: number | undefined): ParameterChange["to"] | undefined {
  const { to, atMost, atLeast, strip } = wanted;
  if (strip) return null;
  if (to !== null) return to;
  const value = toNumber(from) ?? unset;
  if (value === undefined) return undefined;
  if (atMost !== null && value > atMost) return atMost;
  return atLeast !== null && value < atLeast ? atLeast : undefined;
}

/** A form says numbers as texts. What is no number (`inf`) is as good as absent. */
function toNumber(value: Json): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : null;
}

function toKind(value: Json): ParameterChange["from"] {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  return typeof value === "string" ? "text" : "other";
}

function toPointer(path: Path): string {
  return path.map((key) => `/${escapeToken(key)}`).join("");
}
