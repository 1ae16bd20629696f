// Every operation of the API, called by the npm client: the gateway cannot be told from what stands behind it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import OpenAI from "openai";
import { afterAll, describe, expect, test } from "vitest";
import { findRoute, listRoutes } from "../../../gateway/routes.ts";
import { createSimulator } from "../../../gateway/simulator/server.ts";
import { agentJourneys } from "./journeys/agents.ts";
import { administrationJourneys } from "./journeys/administration.ts";
import { PENDING, WITHHELD } from "./journeys/closed.ts";
import { fileJourneys } from "./journeys/files.ts";
import { jobJourneys } from "./journeys/jobs.ts";
import type { Journey } from "./journeys/journey.ts";
import { liveJourneys } from "./journeys/live.ts";
import { mediaJourneys } from "./journeys/media.ts";
import { textJourneys } from "./journeys/texts.ts";
import { useGateway } from "./targets.ts";
import { createTranscript } from "./transcript.ts";
import type { Entry } from "./transcript.ts";

const JOURNEYS: Readonly<Record<string, Journey>> = {
  ...textJourneys,
  ...fileJourneys,
  ...mediaJourneys,
  ...jobJourneys,
  ...agentJourneys,
  ...liveJourneys,
  ...administrationJourneys,
};

/** Takes a journey and gives what went over the wire, up to the error that ended it. */
async function take(
  journey: Journey,
  baseURL: string,
  apiKey: string,
): Promise<{ readonly entries: readonly Entry[]; readonly error: unknown }> {
  const transcript = createTranscript(baseURL);
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, fetch: transcript.fetch });
  try {
    await journey({ client, fetch: transcript.fetch, baseURL, apiKey });
    return { entries: transcript.entries(), error: null };
  } catch (error) {
    return { entries: transcript.entries(), error };
  }
}

/** Takes a journey with a provider of its own. */
async function takeDirectly(journey: Journey): ReturnType<typeof take> {
  const simulator = createSimulator();
  try {
    const { url } = await simulator.listen(0, "127.0.0.1");
    return await take(journey, url, "any");
  } finally {
    await simulator.close();
  }
}

function operationOf({ method, path }: Entry): string {
  // The recorder's names for ids are no ids.
  const found = findRoute(method, path.replaceAll(/<[^>]*>/g, "x1"));
  return "spec" in found ? found.spec.operation : `${method} ${path}`;
}

/** What an answer says to a program: an error's sentence is for people, and what the gateway writes tells of no load. */
function withoutSentence(entry: Entry): Entry {
  const isOwn = listRoutes().some(({ operation, isLocal }) => isLocal && operation === operationOf(entry));
  if (entry.status < 400 && !isOwn) return entry;
  const kept = Object.entries(entry.headers).filter(([name]) => !/^(?:openai-|x-ratelimit-)/.test(name));
  const told: unknown = JSON.parse(
    JSON.stringify(entry.body ?? null, (key, value) =>
      key === "message" || key === "exchange_id" ? undefined : value,
    ),
  );
  // The provider names an unknown object now by this code, now by none.
  return { ...entry, headers: Object.fromEntries(kept), body: entry.status === 404 ? null : told };
}

describe("the journeys", () => {
  const reached = new Set<string>();
  for (const [name, journey] of Object.entries(JOURNEYS)) {
    test(`the provider serves ${name}`, async () => {
      const { entries, error } = await takeDirectly(journey);
      for (const entry of entries) reached.add(operationOf(entry));
      expect(error).toBeNull();
    });
  }
  test("come by every operation", () => {
    // What the gateway alone has, no provider does.
    const operations = listRoutes().filter(
      ({ method, template }) => method !== "WS" && !template.startsWith("/tollgate/"),
    );
    expect(operations.map(({ operation }) => operation).filter((one) => !reached.has(one))).toEqual([]);
  });
});

describe("through the gateway", () => {
  const operator = join(mkdtempSync(join(tmpdir(), "tollgate-surface-")), "operator.yaml");
  // What runs with instructions that the gateway does not see is refused out of the box; texts that are searched for what
  // must be masked are answered whole.
  writeFileSync(operator, "effects: { hidden_not_allowed: off, media_unseen: off }\nlists: { masks: [] }");
  afterAll(() => rm(dirname(operator), { recursive: true }));
  const gateway = useGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  const refused: ReadonlyMap<string, string> = new Map(Object.entries({ ...WITHHELD, ...PENDING }));
  const seen = new Set<string>();

  for (const [name, journey] of Object.entries(JOURNEYS)) {
    test(`${name} is the same`, async () => {
      const direct = await takeDirectly(journey);
      const mine = await gateway().createKey({
        groups: ["admins"],
        name: `traveller-${Object.keys(JOURNEYS).indexOf(name)}`,
      });
      const through = await take(journey, gateway().baseUrl, mine);
      for (const [index, entry] of through.entries.entries()) {
        const operation = operationOf(entry);
        const wanted = direct.entries[index];
        const code = refused.get(operation);
        if (code === undefined) {
          const told = withoutSentence(entry);
          expect(told, `call ${index}: ${operation}`).toEqual(wanted && withoutSentence(wanted));
        } else {
          seen.add(operation);
          expect(entry, operation).toMatchObject({ status: 403, body: { error: { code } } });
        }
      }
      // What follows a refusal may need what was refused.
      const last = through.entries.at(-1);
      if (last !== undefined && refused.has(operationOf(last))) return;
      expect(through.error).toBeNull();
      expect(through.entries).toHaveLength(direct.entries.length);
    });
  }

  test("nothing is listed as closed that is open", () => {
    expect([...refused.keys()].filter((operation) => !seen.has(operation))).toEqual([]);
  });
});
