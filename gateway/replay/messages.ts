// What a replay's parent and its children say to each other.
import { z } from "zod";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import type { ReplayRange } from "../../db/queries/replay-rows.ts";
import type { PolicyVersion } from "../exchange.ts";
import type { SideSource } from "./side.ts";
import type { Tally } from "./tally.ts";

/** To a child: what it judges by; then what it judges, part by part. */
export type ToChild =
  | {
      readonly kind: "open";
      readonly next: SideSource;
      /** Null: what was recorded. */
      readonly against: SideSource | null;
      /** Where ranges are read; null: what is judged comes in lines. */
      readonly databaseUrl: string | null;
      readonly filter: ExchangeFilter;
    }
  | { readonly kind: "range"; readonly range: ReplayRange }
  /** Exchanges as lines of a corpus. */
  | { readonly kind: "lines"; readonly lines: Uint8Array };

/** The policies that a child has opened. */
export type Opened = {
  readonly next: PolicyVersion;
  /** Null: what was recorded. */
  readonly against: PolicyVersion | null;
  /** The titles of the new one's rules, by their codes. */
  readonly titles: ReadonlyMap<string, string>;
};

/** From a child: its policies are open, a part is judged, or it can't go on and why. */
export type FromChild =
  | ({ readonly kind: "ready" } & Opened)
  | { readonly kind: "judged"; readonly tally: Tally }
  | { readonly kind: "failed"; readonly message: string };

const toChild = z.custom<ToChild>(hasKind);
const fromChild = z.custom<FromChild>(hasKind);

/** Reads a message of the parent's; both ends are this program, so its kind is all that is checked. */
export function readToChild(message: unknown): ToChild {
  return toChild.parse(message);
}

/** Reads a message of a child's. */
export function readFromChild(message: unknown): FromChild {
  return fromChild.parse(message);
}

function hasKind(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}
