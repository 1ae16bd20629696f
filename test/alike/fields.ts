// The members of an operation's bodies, as the published API has them.
import type { Json, JsonObject, RouteSpec } from "../../gateway/exchange.ts";
import { listFields, routeOf } from "../surface/published.ts";

/** Gives the pointers of an operation's text fields. */
export function pointersOf(
  { operation }: RouteSpec,
  direction: "request" | "answer",
  media: string,
): readonly string[] {
  return listFields(direction, media).flatMap(([name, pointers]) =>
    routeOf(name).operation === operation ? pointers : [],
  );
}

/** Builds one body of all pointers that fit together: of two that don't, the first stands. */
export function toBody(pointers: readonly string[]): JsonObject {
  const body: Record<string, Json> = {};
  for (const pointer of pointers) {
    const [top = "", next] = pointer.split("/").slice(1, 3);
    if (Object.hasOwn(body, top)) continue;
    body[top] = next === undefined ? `the ${top}` : next === "0" ? [`a ${top}`] : { [next]: `the ${next}` };
  }
  return body;
}
