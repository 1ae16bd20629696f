// What a bundle says of its own decision log, in OPA's package `system.log`: which events are dropped, what is masked in them.
import type { RunLimited } from "./time-limit.ts";
import type { CompiledPolicy, MemoryPages, PolicyInstance } from "./wasm.ts";

/** Asks the package `system.log` about events, whatever they hold. */
export type LogPolicy = {
  /** Says whether an event is left out of the log. Throws whatever the engine throws. */
  drop(event: object): boolean;
  /** Gives what stands in `system.log.mask`, of an absent rule an empty list. Throws whatever the engine throws. */
  mask(event: object): unknown;
};

const DROP = "system/log/drop";
const MASK = "system/log/mask";
/** For one event. */
const LIMIT_MS = 100;
/** Data and an event of some 100 KB without growing, and no more than a runaway rule should have. */
const MEMORY: MemoryPages = { initial: 64, maximum: 1024 };

/** Makes the policy of the log, null where the bundle has none. Throws where no instance can be made. */
export function createLogPolicy(deps: {
  readonly compiled: CompiledPolicy;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly runLimited: RunLimited;
}): LogPolicy | null {
  const { compiled, runLimited } = deps;
  const data = deps.data.buffer.slice(deps.data.byteOffset, deps.data.byteOffset + deps.data.byteLength);
  const create = (): PolicyInstance => compiled.instantiate(data, MEMORY);
  const first = create();
  const [drop, mask] = [first.entrypoints.get(DROP), first.entrypoints.get(MASK)];
  if (drop === undefined && mask === undefined) return null;
  let instance: PolicyInstance | null = first;

  function evaluate(entrypoint: number, event: object): unknown {
    const text = JSON.stringify(event);
    try {
      const used = (instance ??= create());
      const results: unknown = runLimited(LIMIT_MS, () => JSON.parse(used.evaluate(entrypoint, text)));
      return Array.isArray(results) && results.length === 1
        ? Reflect.get(Object(results[0]), "result")
        : undefined;
    } catch (error) {
      // It is of no use after it has thrown once.
      instance = null;
      throw error;
    }
  }

  return {
    drop: (event) => drop !== undefined && evaluate(drop, event) === true,
    mask: (event) => (mask === undefined ? [] : (evaluate(mask, event) ?? [])),
  };
}
