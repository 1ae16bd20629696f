// Sends an exchange both ways, straight to the provider and through the gateway, and tells what each showed.
import { randomUUID } from "node:crypto";
import type { Agent } from "node:http";
import { ask } from "./ask.ts";
import type { Told } from "./ask.ts";
import type { Exchange } from "./exchange.ts";
import { ID_HEADER } from "./provider.ts";
import type { Pairs, Provider } from "./provider.ts";
import { RULES } from "./rules.ts";
import { toView } from "./view.ts";
import type { View } from "./view.ts";

/** A way to the provider. */
export type Way = { readonly baseUrl: string; readonly token: string; readonly agent: Agent };

/** Both ways, each over one connection that is kept. */
export type Ways = { readonly provider: Provider; readonly direct: Way; readonly through: Way };

async function take(
  provider: Provider,
  { baseUrl, token, agent }: Way,
  { request, answer }: Exchange,
): Promise<{ readonly told: Told; readonly view: View }> {
  const id = randomUUID();
  provider.answer(id, answer);
  const own: Pairs = [
    ["authorization", `Bearer ${token}`],
    [ID_HEADER, id],
  ];
  const told = await ask(baseUrl, agent, request, own);
  return { told, view: toView(told, provider.take(id)) };
}

/** What became of an exchange. */
export type Compared = {
  readonly through: View;
  /** What the rules make of what came straight from the provider. */
  readonly expected: View;
  /** The rules that changed anything. */
  readonly rules: readonly string[];
  readonly told: Told;
};

/** Sends an exchange both ways. */
export async function compare({ provider, ...ways }: Ways, exchange: Exchange): Promise<Compared> {
  const [direct, through] = await Promise.all([
    take(provider, ways.direct, exchange),
    take(provider, ways.through, exchange),
  ]);
  const rules: string[] = [];
  let expected = direct.view;
  for (const { name, change } of RULES) {
    const changed = change(expected, exchange, through.view);
    if (JSON.stringify(changed) !== JSON.stringify(expected))
      rules.push(name === "refusals" ? (exchange.refusal?.rule ?? name) : name);
    expected = changed;
  }
  return { through: through.view, expected, rules, told: through.told };
}
