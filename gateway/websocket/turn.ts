// What a program has sent over a Responses socket and what of it is still to be answered.
import type { OpenContext } from "../answer/create-context.ts";
import type { EventReader } from "../answer/stream.ts";
import type { RequestFacts, ToolFacts } from "../exchange.ts";
import type { Without } from "../request/send-repaired.ts";
import type { TargetError } from "./message-framing.ts";
import type { LaneSink } from "./lane.ts";

/** The settings that a response hands on to those that steering makes of it. */
export type Inherited = {
  readonly facts: Pick<RequestFacts, "model" | "max_output_tokens" | "hidden" | "store">;
  readonly tools: readonly ToolFacts[];
};

/** One message of the program's from its decision to the end of its answer. */
export type Turn = {
  readonly id: string;
  /** `create` asks for a response; the others add input to one that is under way. */
  readonly does: "create" | "steer" | "inject";
  readonly lane: string;
  /** The lane's name as the program gave it. */
  readonly streamId: string | null;
  /** The response that is continued, or added to. */
  readonly previous: string | null;
  readonly inherited: Inherited;
  readonly sink: LaneSink;
  readonly context: OpenContext;
  readonly reader: EventReader;
  /** Whether the target has taken what was added, and under which id. */
  acceptedAs: string | null;
  /** The message without the outputs of denied calls, until it was sent so. */
  without: Without | null;
  /** What the target said of the error that it ended the answer with. */
  readonly fault: { told: TargetError | null };
};

export type Turns = {
  add(turn: Turn): void;
  /** Forgets a turn whose last event has come. */
  remove(turn: Turn): void;
  readonly all: ReadonlySet<Turn>;
  /** The turn whose response is under way on a lane. */
  running(lane: string): Turn | null;
  /** Finds whose response begins on a lane, and makes it the running one; null where nobody asked for it. */
  begin(lane: string, previous: string | null): Turn | null;
  /** Finds the turn that added input, by the id that the target gave it, else the first that waits for one. */
  added(does: "steer" | "inject", target: string | null, id: string | null): Turn | null;
  /** Finds whose an error on a lane is: of the response under way there, else of the next one. */
  failing(lane: string | null): Turn | null;
};

/** Makes the list of one socket's turns. */
export function createTurns(): Turns {
  const all = new Set<Turn>();
  const runningBy = new Map<string, Turn>();

  function isRunning(turn: Turn): boolean {
    return runningBy.get(turn.lane) === turn;
  }

  function find(matches: (turn: Turn) => boolean): Turn | null {
    for (const turn of all) if (matches(turn)) return turn;
    return null;
  }

  return {
    all,
    add: (turn) => void all.add(turn),
    remove(turn) {
      all.delete(turn);
      if (isRunning(turn)) runningBy.delete(turn.lane);
    },
    running: (lane) => runningBy.get(lane) ?? null,
    begin(lane, previous) {
      const next = find((turn) => turn.does === "create" && turn.lane === lane);
      // What steering queued is committed by a response that nobody asks for anew.
      const steered =
        previous === null || next?.previous === previous
          ? null
          : find((turn) => turn.does === "steer" && turn.lane === lane && turn.previous === previous);
      const turn = steered ?? next;
      if (turn !== null) runningBy.set(lane, turn);
      return turn;
    },
    added(does, target, id) {
      const named = id === null ? null : find((turn) => turn.does === does && turn.acceptedAs === id);
      if (named !== null) return named;
      const fits = (turn: Turn): boolean =>
        turn.does === does && turn.acceptedAs === null && (target === null || turn.previous === target);
      return find(fits);
    },
    failing(lane) {
      if (lane === null && all.size === 1) return find(() => true);
      const at = lane ?? "";
      return runningBy.get(at) ?? find((turn) => turn.lane === at);
    },
  };
}
