// The official clients over a WebSocket: against the simulated target itself, and the same through a gateway.
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from "@openai/agents";
import { ResponsesWS } from "openai/resources/responses/ws";
import type OpenAI from "openai";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { onBothTargets, useSharedGateway } from "../clients/js/targets.ts";
import type { Target } from "../clients/js/targets.ts";

const model = "gpt-5.4";
const errorEvent = z.looseObject({ error: z.looseObject({ code: z.string() }) });

type ServerEvent = OpenAI.Responses.ResponsesServerEvent;

/** Sends one request and gives what comes until its end. */
async function ask(
  socket: ResponsesWS,
  body: Omit<OpenAI.Responses.ResponsesClientEvent.ResponseCreate, "type">,
): Promise<{ readonly events: readonly ServerEvent[]; readonly failure: unknown }> {
  const events: ServerEvent[] = [];
  return new Promise((resolve) => {
    const finish = (failure: unknown): void => {
      socket.off("event", onEvent);
      socket.off("error", finish);
      resolve({ events, failure });
    };
    const onEvent = (event: ServerEvent): void => {
      events.push(event);
      if (/^response\.(?:completed|failed|incomplete)$/.test(event.type)) finish(null);
    };
    socket.on("event", onEvent);
    socket.on("error", finish);
    socket.send({ type: "response.create", ...body });
  });
}

function newRunner(target: Target): Runner {
  const modelProvider = new OpenAIProvider({
    openAIClient: target.client(),
    useResponses: true,
    useResponsesWebSocket: true,
  });
  return new Runner({ modelProvider, tracingDisabled: true });
}

beforeAll(() => setTracingDisabled(true));

onBothTargets((target) => {
  test("ResponsesWS: two turns over one socket", async () => {
    const socket = new ResponsesWS(target().client());
    const first = await ask(socket, { model, input: "echo: one" });
    const last = first.events.at(-1);
    expect(last?.type).toBe("response.completed");
    const id = last?.type === "response.completed" ? last.response.id : "";
    const second = await ask(socket, { model, input: "echo: two", previous_response_id: id });
    expect(second.failure).toBeNull();
    expect(second.events.map(({ type }) => type)).toEqual(first.events.map(({ type }) => type));
    socket.close();
  });

  test("ResponsesWS: an error of the API is raised with its code", async () => {
    const socket = new ResponsesWS(target().client());
    const { failure } = await ask(socket, { model, input: "fail 429" });
    expect(failure).toMatchObject({ message: expect.stringContaining("Simulated: rate limit reached.") });
    socket.close();
  });

  test("Agents: a run with a tool, streamed and not", async () => {
    const weather = tool({
      name: "weather",
      description: "Tells the weather.",
      parameters: z.object({ city: z.string() }),
      execute: ({ city }) => `It is sunny in ${city}.`,
    });
    const agent = new Agent({ name: "Tester", instructions: "Answer.", model, tools: [weather] });
    const prompt = 'call weather {"city":"Ulm"}\nthen\necho: done';
    const whole = await newRunner(target()).run(agent, prompt);
    expect(whole.finalOutput).toBe("done");
    const streamed = await newRunner(target()).run(agent, prompt, { stream: true });
    await streamed.completed;
    expect(streamed.finalOutput).toBe("done");
  });
});

describe("at the gateway only", () => {
  const gateway = useSharedGateway();

  test("ResponsesWS raises a refusal with the rule's code, the exchange and the remedy", async () => {
    const socket = new ResponsesWS((await gateway().newTarget()).client());
    const { failure } = await ask(socket, { model: "davinci-002", input: "echo: hello" });
    expect(failure).toMatchObject({ message: expect.stringContaining("model_not_allowed") });
    const { error } = z.looseObject({ error: errorEvent }).parse(failure);
    expect(error).toMatchObject({ status: 403, error: { code: "model_not_allowed" } });
    socket.close();
  });

  test("Agents: a denied call does not run, and the run goes on", async () => {
    let runs = 0;
    const sql = tool({
      name: "run_sql",
      description: "Runs SQL.",
      parameters: z.object({ query: z.string() }),
      execute: () => {
        runs += 1;
        return "done";
      },
    });
    const agent = new Agent({ name: "Tester", instructions: "Answer.", model, tools: [sql] });
    const runner = newRunner(await gateway().newTarget());
    const result = await runner.run(agent, 'call run_sql {"query":"DROP DATABASE production"}');
    expect(runs).toBe(0);
    expect(result.finalOutput).toContain("sql_destructive");
  });

  test("Agents: a refused request rejects the run", async () => {
    const agent = new Agent({ name: "Tester", instructions: "Answer.", model: "davinci-002" });
    const runner = newRunner(await gateway().newTarget());
    await expect(runner.run(agent, "echo: hello")).rejects.toThrow();
  });
});
