import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import { createGiving } from "./client-secret-answer.ts";
import { toBoundQuery, toFirstUpdate } from "./client-secret.ts";
import type { GatewayError } from "../errors.ts";
import type { Caller, Grant } from "../exchange.ts";
import type { Granted } from "../identity/client-secrets.ts";
import { createClientSecretText } from "../identity/key-format.ts";
import { createRequestParser } from "../parse/request.ts";
import { matchRoute } from "../parse/route.ts";

const FOREIGN = "ek_" + "68af296e8e408191a1120ab6383263c2";
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 1, limits: { depth: 32 } });
const caller: Caller = {
  tenant: "default",
  issuer: "tollgate",
  subject: "agent",
  kind: "service",
  groups: [],
  scopes: [],
  claims: {},
  actsFor: null,
  agent: null,
  initiator: "service",
  credentialId: "key",
  expiresAt: null,
};

/** Takes one answer of a target's: what the rules see, what the program gets, what was kept, and the error. */
async function give(answer: string, status = 200, path = "/v1/realtime/client_secrets") {
  const { route } = matchRoute("POST", path);
  const bytes = Buffer.from(JSON.stringify({ session: { type: "realtime", model: "gpt-realtime" } }));
  const contentType = "application/json";
  const request = parser.parse({ route, query: "", contentType, bytes, tenant: "default" });
  const kept: (Granted & { readonly text: string })[] = [];
  const secrets = {
    create: createClientSecretText,
    add: async (text: string, granted: Granted) => void kept.push({ ...granted, text }),
    find: async () => null,
  };
  const fake = createFake();
  const body = request.body() ?? {};
  const sink = fake.context.sink;
  const asked = { sink, caller, connection: "openai", request, body, exchangeId: "exchange" };
  const giving = createGiving({ secrets, answerBytes: 10_000 }, asked);
  const { promise, resolve } = Promise.withResolvers<GatewayError | null>();
  const seen: Buffer[] = [];
  const statuses: number[] = [];
  const taken = giving.take({
    onHead: (one) => void statuses.push(one),
    onData: (chunk) => void seen.push(chunk),
    onEnd: () => resolve(null),
    onError: resolve,
  });
  taken.onHead(status, { "content-type": contentType });
  taken.onData(Buffer.from(answer));
  taken.onEnd();
  const error = await promise;
  const rules = Buffer.concat(seen);
  if (error === null) giving.sink.end(rules);
  return { error, statuses, rules: rules.toString("utf8"), program: fake.text(), kept };
}

describe("the answer that gives a client secret", () => {
  test("shows rules a placeholder, and the program alone what counts", async () => {
    const { rules, program, kept } = await give(
      JSON.stringify({ value: FOREIGN, expires_at: 5, session: { type: "realtime", expires_at: 5 } }),
    );
    const [{ text, expiresAt } = { text: "", expiresAt: 0 }] = kept;
    expect(rules + program).not.toContain(FOREIGN);
    expect(rules).not.toContain(text);
    const seconds = Math.floor(expiresAt / 1000);
    const session = { type: "realtime", expires_at: seconds };
    expect(JSON.parse(program)).toEqual({ value: text, expires_at: seconds, session });
    expect(kept[0]?.grant).toEqual({
      connection: "openai",
      operation: "realtime.client_secrets.create",
      model: "gpt-realtime",
      session: { type: "realtime", model: "gpt-realtime" },
    });
  });

  test("in the older shape holds it where the older clients look for it", async () => {
    const { program, kept } = await give(
      JSON.stringify({ id: "sess_1", client_secret: { value: FOREIGN, expires_at: 5 } }),
      200,
      "/v1/realtime/sessions",
    );
    expect(JSON.parse(program)).toMatchObject({ id: "sess_1", client_secret: { value: kept[0]?.text } });
  });

  test.each([
    { name: "no secret", answer: JSON.stringify({ session: {} }) },
    { name: "two of them", answer: JSON.stringify({ value: FOREIGN, client_secret: { value: FOREIGN } }) },
    { name: "one elsewhere too", answer: JSON.stringify({ value: FOREIGN, session: { other: [FOREIGN] } }) },
    { name: "no object", answer: JSON.stringify([FOREIGN]) },
    { name: "no JSON", answer: FOREIGN },
    {
      name: "more than an answer may hold",
      answer: JSON.stringify({ value: FOREIGN, x: "y".repeat(10_000) }),
    },
  ])("that holds $name is refused, and nothing of it passes", async ({ answer }) => {
    const { error, rules, program, kept } = await give(answer);
    expect(error?.code).toBe("answer_unreadable");
    expect(rules + program).toBe("");
    expect(kept).toEqual([]);
  });

  test("that is a refusal of the target's passes as it is", async () => {
    const { rules, statuses, kept } = await give('{"error":{"message":"no"}}', 400);
    expect(statuses).toEqual([400]);
    expect(rules).toBe('{"error":{"message":"no"}}');
    expect(kept).toEqual([]);
  });
});

describe("what a client secret is bound to", () => {
  const grant: Grant = {
    connection: "openai",
    operation: "realtime.client_secrets.create",
    model: "gpt-realtime",
    session: { type: "realtime", model: "gpt-realtime" },
  };

  test("is a model, which the socket's query need not name", () => {
    expect(toBoundQuery(grant, "")).toBe("model=gpt-realtime");
    expect(toBoundQuery(grant, "model=gpt-realtime")).toBe("model=gpt-realtime");
    expect(() => toBoundQuery(grant, "model=gpt-realtime-mini")).toThrow("another session");
    expect(toBoundQuery({ ...grant, model: null }, "model=gpt-realtime-mini")).toBe(
      "model=gpt-realtime-mini",
    );
  });

  test("is a transcription where it was made for one", () => {
    const session = { type: "transcription", audio: {} };
    expect(toBoundQuery({ ...grant, model: null, session }, "")).toBe("intent=transcription");
  });

  test("is set by one message, in which no model stands; where nothing is set there is none", () => {
    const session = { ...grant.session, instructions: "Be kind." };
    expect(JSON.parse(String(toFirstUpdate({ ...grant, session })))).toEqual({
      type: "session.update",
      session: { type: "realtime", instructions: "Be kind." },
    });
    expect(toFirstUpdate(grant)).toBeNull();
  });
});
