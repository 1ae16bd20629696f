// Evaluates one compiled policy: keeps an instance at hand, drops it at the first sign of trouble, and bounds time and memory.

import { GatewayError } from "../errors.ts";
import type { Decision, Facts, Phase } from "../exchange.ts";
import { parseDecision } from "./decision.ts";
import { createEncodeFacts, type EncodeFacts } from "./encode-facts.ts";
import type { RunLimited } from "./time-limit.ts";
import type { Watch } from "./watchdog.ts";
import type { CompiledPolicy, MemoryPages, PolicyInstance } from "./wasm.ts";

/** What the rules of a phase read below `input`. */
export type PhaseReads = {
  readonly paths: readonly string[] | null;
  readonly body: boolean;
  readonly texts: boolean;
};

export type EvaluatorDeps = {
  readonly compiled: CompiledPolicy;
  /** `{"gateway": …}` as JSON. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly dataRevision: string;
  /** The classes of values that a decision may name. */
  readonly classes: ReadonlySet<string>;
  readonly reads: ReadonlyMap<Phase, PhaseReads>;
  readonly runLimited: RunLimited;
  readonly watch: Watch;
  readonly limits: EvaluatorLimits;
  /** Called when an instance was dropped, with what it threw. */
  readonly onDropped: (phase: Phase, cause: unknown) => void;
};

export type EvaluatorLimits = {
  /** Longest input in bytes of JSON. */
  readonly inputBytes: number;
  /** From this many characters of JSON on, and wherever bodies or texts are read, an evaluation runs under a time limit. */
  readonly unguardedChars: number;
  readonly evaluationMs: number;
};

export type Evaluator = {
  /** Throws `policy_unavailable`, `policy_effect_unsupported` or `policy_input_too_large`. */
  evaluate(facts: Facts): Decision;
  /** Evaluates as `evaluate` does, but always under a limit, and gives OPA's result set; throws whatever was thrown. */
  probe(phase: Phase, input: string | null, milliseconds: number): unknown;
};

const PAGE = 65_536;

/** How many decisions are remembered, and for how long an input in characters. */
const REMEMBERED = 2048;
const REMEMBERED_CHARS = 2048;

/**
 * Gives an instance's memory: at first what data and ordinary facts need without growing, at most what the largest input
 * may need. Many small objects take 20 times their JSON as data; input and what is made of it takes 8 times.
 */
function toMemory(dataBytes: number, ordinaryBytes: number, inputBytes: number): MemoryPages {
  const pages = (bytes: number) =>
    Math.min(1024, Math.ceil((20 * dataBytes + 8 * bytes + (512 << 10)) / PAGE));
  const initial = pages(ordinaryBytes);
  return { initial, maximum: Math.max(pages(2 * inputBytes), Math.min(1024, 4 * initial)) };
}

/** Creates the evaluator with its first instance. Throws where the instance cannot be made or lacks an entrypoint. */
export function createEvaluator(deps: EvaluatorDeps): Evaluator {
  const { compiled, dataRevision, classes, limits, reads, runLimited, watch } = deps;
  const data = deps.data.buffer.slice(deps.data.byteOffset, deps.data.byteOffset + deps.data.byteLength);
  const memory = toMemory(data.byteLength, limits.unguardedChars, limits.inputBytes);
  const encoders = new Map<Phase, EncodeFacts>(
    [...reads].map(([phase, { paths }]) => [phase, createEncodeFacts(paths)]),
  );
  const first = compiled.instantiate(data, memory);
  if (first.builtins.length > 0)
    throw new Error(`its rules call what the engine lacks: ${first.builtins.join(", ")}`);
  const entrypoints = new Map<Phase, number>();
  for (const phase of reads.keys()) {
    const number = first.entrypoints.get(`gateway/main/${phase}`);
    if (number === undefined) throw new Error(`no entrypoint gateway/main/${phase}`);
    entrypoints.set(phase, number);
  }
  // A decision follows from the bundle and from what its rules read of the facts, and most answers hold nothing that a
  // rule reads. A request's facts hold counts that hardly ever come again, so a gateway does not remember those.
  const remembered = new Map<string, Decision>();
  let current: PolicyInstance | null = first;
  let spare: PolicyInstance | null = null;
  let isSparePlanned = false;

  function take(): PolicyInstance {
    current ??= spare ?? compiled.instantiate(data, memory);
    if (current === spare) spare = null;
    return current;
  }

  // A throw leaks the engine's stack, a time-out leaves its heap as it was: neither instance is used again.
  function drop(phase: Phase, cause: unknown): void {
    current = null;
    deps.onDropped(phase, cause);
    if (isSparePlanned || spare !== null) return;
    isSparePlanned = true;
    setImmediate(() => {
      isSparePlanned = false;
      try {
        spare ??= compiled.instantiate(data, memory);
      } catch {
        // The next evaluation tries again, and refuses where that fails.
      }
    });
  }

  // Few different answers come again and again: each is read once. One about calls is read against those calls.
  const read = new Map<string, Decision>();
  function toDecision(answer: string, facts: Facts): Decision {
    const known = facts.calls === undefined ? read.get(answer) : undefined;
    if (known !== undefined) return known;
    const decision = parseDecision(JSON.parse(answer), dataRevision, facts, classes);
    if (facts.calls === undefined && answer.length <= REMEMBERED_CHARS) {
      if (read.size >= REMEMBERED) read.clear();
      read.set(answer, decision);
    }
    return decision;
  }

  function run(entrypoint: number, text: string): string {
    if (Buffer.byteLength(text) > limits.inputBytes) throw tooLarge();
    return take().evaluate(entrypoint, text);
  }

  return {
    evaluate(facts) {
      const { phase } = facts;
      const encode = encoders.get(phase);
      const entrypoint = entrypoints.get(phase);
      const content = reads.get(phase);
      if (encode === undefined || entrypoint === undefined || content === undefined)
        throw unavailable("no such phase");
      // A fact that is missing must not look like a fact that is fine.
      if ((content.body && facts.body === undefined) || (content.texts && facts.texts === undefined))
        throw tooLarge();
      let text: string;
      try {
        text = encode(facts);
      } catch (cause) {
        throw unavailable(cause);
      }
      // UTF-8 has at least as many bytes as UTF-16 has units.
      if (text.length > limits.inputBytes) throw tooLarge();
      const key = phase === "request" || text.length > REMEMBERED_CHARS ? null : `${phase} ${text}`;
      const known = key === null ? undefined : remembered.get(key);
      if (known !== undefined) return known;
      // Around the time limit, not within it: what it ends runs no `finally`.
      watch.enter();
      try {
        const isGuarded = content.body || content.texts || text.length > limits.unguardedChars;
        const answer = isGuarded
          ? runLimited(limits.evaluationMs, () => run(entrypoint, text))
          : run(entrypoint, text);
        const decision = toDecision(answer, facts);
        if (key !== null) {
          if (remembered.size >= REMEMBERED) remembered.clear();
          remembered.set(key, decision);
        }
        return decision;
      } catch (cause) {
        if (cause instanceof GatewayError && cause.code !== "policy_unavailable") throw cause;
        drop(phase, cause);
        throw cause instanceof GatewayError ? cause : unavailable(cause);
      } finally {
        watch.leave();
      }
    },
    probe(phase, input, milliseconds) {
      const entrypoint = entrypoints.get(phase);
      if (entrypoint === undefined) throw new Error(`no entrypoint for ${phase}`);
      try {
        return runLimited(milliseconds, () =>
          JSON.parse(input === null ? take().evaluate(entrypoint, null) : run(entrypoint, input)),
        );
      } catch (cause) {
        drop(phase, cause);
        throw cause;
      }
    },
  };
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError("policy_unavailable", "The policy could not decide.", { cause });
}

function tooLarge(): GatewayError {
  return new GatewayError(
    "policy_input_too_large",
    "A rule reads the content, and it is too large to be judged.",
  );
}
