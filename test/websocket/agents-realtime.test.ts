// A realtime agent of `@openai/agents` through a gateway: its session, its tools, and one that is denied.
import OpenAI from "openai";
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket, tool } from "@openai/agents/realtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { useGateway } from "../clients/js/targets.ts";

const gateway = useGateway();
const sessions: RealtimeSession[] = [];
const ran: string[] = [];
let apiKey: string;

beforeAll(async () => {
  apiKey = await gateway().createKey({ groups: ["admins"] });
});
afterAll(() => {
  for (const session of sessions) session.close();
});

const sql = tool({
  name: "run_sql",
  description: "Runs SQL.",
  parameters: z.object({ query: z.string() }),
  execute: ({ query }) => {
    ran.push(query);
    return "1 row";
  },
});

async function openSession(key = apiKey): Promise<RealtimeSession> {
  const agent = new RealtimeAgent({ name: "Helper", instructions: "Help.", tools: [sql] });
  const url = `${gateway().baseUrl.replace(/^http/, "ws")}/realtime?model=gpt-realtime`;
  const session = new RealtimeSession(agent, { transport: new OpenAIRealtimeWebSocket({ url }) });
  session.on("error", () => undefined);
  sessions.push(session);
  await session.connect({ apiKey: key, url });
  return session;
}

/** Sends a message and gives what the session heard of each of the responses that came of it. */
async function say(session: RealtimeSession, text: string, responses: number): Promise<string[]> {
  const told: string[] = [];
  return new Promise((resolve) => {
    session.transport.on("*", (event) => {
      if (event.type !== "response.done") return;
      told.push(JSON.stringify(event));
      if (told.length === responses) resolve(told);
    });
    session.sendMessage(text);
  });
}

test("a tool runs, and the model goes on with what it gave", async () => {
  const session = await openSession();
  const told = await say(session, 'call run_sql {"query":"SELECT 1"}\nthen\necho: done', 2);
  expect(ran).toEqual(["SELECT 1"]);
  expect(told[1]).toContain("done");
});

test("a denied tool does not run, and the answer says why", async () => {
  const session = await openSession();
  const told = await say(session, 'call run_sql {"query":"DROP DATABASE production"}', 1);
  expect(told[0]).toContain("sql_destructive");
  expect(ran).not.toContain("DROP DATABASE production");
});

test("a client secret opens a session with what it was made for, and its tools run", async () => {
  const client = new OpenAI({ baseURL: gateway().baseUrl, apiKey });
  const { value } = await client.realtime.clientSecrets.create({
    session: { type: "realtime", model: "gpt-realtime", instructions: "Help." },
  });
  const session = await openSession(value);
  const told = await say(session, 'call run_sql {"query":"SELECT 2"}\nthen\necho: done', 2);
  expect(ran).toContain("SELECT 2");
  expect(told[1]).toContain("done");
});
