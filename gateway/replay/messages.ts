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
      readonly databaseUrl: string;
      readonly filter: ExchangeFilter;
    }
  | { readonly kind: "range"; readonly range: ReplayRange };

/** From a child: its policies are open, a part is judged, or it can't go on and why. */
export type FromChild =
  | { readonly kind: "ready"; readonly next: PolicyVersion; readonly against: PolicyVersion | null }
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
