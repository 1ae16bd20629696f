// What is recorded and told of an exchange, with the names in it masked: facts, decisions, calls and errors.
import { GatewayError } from "./errors.ts";
import type { CallFacts, Decision, Earlier, Effect, Facts, ParameterChange } from "./exchange.ts";
import { toPlace } from "./mask/account.ts";
import type { Names } from "./mask/names.ts";
import { listAltered, WHOLE } from "./record/basis.ts";
import type { Basis, WithBasis } from "./record/basis.ts";
import type { CallRow, Left } from "./record/rows.ts";

/** What facts cut names to: a name of this length may end within a value, which nobody would know again. */
const CUTS: ReadonlySet<number> = new Set([64, 128, 256]);
const CUT = "…";

/** Gives facts as they are recorded, with where they are others than those that policy has seen. */
export function toRecordedFacts(
  facts: Facts,
  names: Names,
  judged: Omit<Basis, "altered"> = WHOLE,
): WithBasis<Facts> {
  const { request, tools, route, answer, calls, earlier } = facts;
  const path = names.mask(route.path);
  const masked = {
    request: walk(request, names),
    tools: walk(tools, names),
    route: path === route.path ? route : { ...route, path },
    earlier: earlier === null ? null : toRecordedEarlier(earlier, names),
    ...(answer !== undefined && { answer: walk(answer, names) }),
    ...(calls !== undefined && { calls: calls.map((call) => toRecordedCallFacts(call, names)) }),
  };
  const { bound, besides } = judged;
  const recorded = { ...facts, ...masked };
  const altered = listAltered(facts, recorded);
  const isWhole = altered.length === 0 && bound === undefined && besides === undefined;
  const basis = isWhole
    ? WHOLE
    : { altered, ...(bound !== undefined && { bound }), ...(besides !== undefined && { besides }) };
  return { ...recorded, basis };
}

function toRecordedCallFacts(call: CallFacts, names: Names): CallFacts {
  const [masked, id] = [walk({ ...call, id: "" }, names), names.id(call.id)];
  const isSame = id === call.id && listAltered({ ...call, id: "" }, masked).length === 0;
  return isSame ? call : { ...masked, id };
}

/** Gives a decision as a program is told of it: what it is about is masked. */
export function toToldDecision(decision: Decision, names: Names): Decision {
  const { deny, observe, require_approval: asked } = decision;
  if (![...deny, ...observe, ...asked].some(isAboutSome)) return decision;
  const tell = (effect: Effect): Effect => {
    const { about, question } = effect;
    if (!isAboutSome(effect)) return effect;
    return {
      ...effect,
      ...(about !== undefined && { about: maskCut(about, names) }),
      ...(question !== undefined && { question: names.mask(question) }),
    };
  };
  return {
    ...decision,
    deny: deny.map(tell),
    observe: observe.map(tell),
    require_approval: asked.map(tell),
  };
}

/** Tells an effect in which names may stand. */
function isAboutSome({ about, question }: Effect): boolean {
  return about !== undefined || question !== undefined;
}

/** Gives a decision as it is recorded: the ids of calls in it as those of the calls' own rows. */
export function toRecordedDecision(decision: Decision, names: Names): Decision {
  const told = toToldDecision(decision, names);
  if (![...told.deny, ...told.observe].some(({ call }) => call !== undefined)) return told;
  const record = (effect: Effect): Effect =>
    effect.call === undefined ? effect : { ...effect, call: names.id(effect.call) };
  return { ...told, deny: told.deny.map(record), observe: told.observe.map(record) };
}

/** Gives changes of parameters as they are recorded. */
export function toRecordedChange(change: ParameterChange, names: Names): ParameterChange {
  return change.taken === undefined
    ? change
    : { ...change, taken: change.taken.map((name) => names.mask(name)) };
}

/** Gives the row of a call as it is recorded. */
export function toRecordedCall(call: CallRow, names: Names): CallRow {
  const { id, name, type } = call;
  return {
    ...call,
    id: names.id(id),
    name: name === null ? null : names.mask(name),
    type: names.mask(type),
  };
}

/** Gives what is held of an exchange's turn as it is recorded. */
export function toRecordedLeft({ held, conversation }: Left, names: Names): Left {
  return {
    held: held === null ? null : toRecordedEarlier(held, names),
    conversation:
      conversation === null ? null : { ...conversation, added: toRecordedEarlier(conversation.added, names) },
  };
}

function toRecordedEarlier<T extends Earlier>(earlier: T, names: Names): T {
  const tools = earlier.tools.map((tool) => maskCut(tool, names));
  return tools.every((tool, index) => tool === earlier.tools[index]) ? earlier : { ...earlier, tools };
}

/** Gives an error as its caller is told of it: a message or a member's name in it that holds a value is masked. */
export function toToldError(error: GatewayError, names: Names): GatewayError {
  const message = names.mask(error.message);
  const param = error.param === null ? null : toToldParam(error.param, names);
  if (message === error.message && param === error.param) return error;
  const { cause, publicCode, isTargets, allow, told, recordedAs, approval } = error;
  return new GatewayError(error.code, message, {
    cause,
    publicCode,
    isTargets,
    allow,
    ...(told !== null && { told }),
    ...(recordedAs !== null && { recordedAs }),
    ...(param !== null && { param }),
    ...(approval !== null && { approval }),
  });
}

function toToldParam(param: string, names: Names): string {
  const plain = param.replaceAll("~1", "/").replaceAll("~0", "~");
  if (names.mask(plain) === plain && names.mask(param) === param) return param;
  return param.startsWith("/") ? toPlace(param) : names.mask(param);
}

function maskCut(text: string, names: Names): string {
  return CUTS.has(text.length) ? CUT : names.mask(text);
}

/** Gives the same value with its strings and the names of its members masked; itself where nothing is. */
function walk<T>(value: T, names: Names): T;
function walk(value: unknown, names: Names): unknown {
  if (typeof value === "string") return maskCut(value, names);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const list = value.map((one: unknown) => walk(one, names));
    return list.every((one, index) => one === value[index]) ? value : list;
  }
  const members = Object.entries(value);
  const masked = members.map(([key, one]): [string, unknown] => [names.mask(key), walk(one, names)]);
  const isSame = members.every(
    ([key, one], index) => key === masked[index]?.[0] && one === masked[index]?.[1],
  );
  return isSame ? value : Object.fromEntries(masked);
}
