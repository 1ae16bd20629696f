// What an agent of `@openai/agents` meets at the gateway only: models that are refused, calls that are denied.
import { Agent, OpenAIProvider, Runner, tool } from "@openai/agents";
import { PermissionDeniedError } from "openai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { useSharedGateway } from "./targets.ts";

const gateway = useSharedGateway();

describe.each([
  { api: "responses", useResponses: true },
  { api: "chat", useResponses: false },
])("an agent over $api", ({ useResponses }) => {
  test("raises PermissionDeniedError for a model outside its groups", async () => {
    const runner = await toRunner(useResponses);
    const agent = new Agent({ name: "Helper", model: "davinci-002" });
    const refused = runner.run(agent, "echo: hello");
    await expect(refused).rejects.toBeInstanceOf(PermissionDeniedError);
    await expect(refused).rejects.toMatchObject({ code: "model_not_allowed" });
  });

  test.each([{ stream: false }, { stream: true }])(
    "never runs a denied call (stream: $stream)",
    async ({ stream }) => {
      const { agent, statements } = sqlAgent();
      const runner = await toRunner(useResponses);
      const prompt = 'reason\ncall run_sql {"query":"DROP DATABASE production"}';
      const first = stream
        ? await runner.run(agent, prompt, { stream: true })
        : await runner.run(agent, prompt);
      if ("completed" in first) await first.completed;
      expect(statements).toEqual([]);
      expect(first.finalOutput).toContain("sql_destructive");
      const next = [
        ...first.history,
        { role: "user" as const, content: 'reason\ncall run_sql {"query":"SELECT 1"}' },
      ];
      const second = await runner.run(agent, next);
      expect(second.finalOutput).toBe("1 row");
      expect(statements).toEqual(["SELECT 1"]);
    },
  );

  test("runs the calls beside a denied one", async () => {
    const { agent, statements } = sqlAgent();
    const prompt =
      'call run_sql {"query":"SELECT 1"}; call run_sql {"query":"DELETE FROM users"}\nthen echo: done';
    const result = await (await toRunner(useResponses)).run(agent, prompt);
    expect(result.finalOutput).toBe("done");
    expect(statements).toEqual(["SELECT 1"]);
  });
});

async function toRunner(useResponses: boolean): Promise<Runner> {
  const openAIClient = (await gateway().newTarget()).client();
  return new Runner({
    modelProvider: new OpenAIProvider({ openAIClient, useResponses }),
    tracingDisabled: true,
  });
}

function sqlAgent() {
  const statements: string[] = [];
  const runSql = tool({
    name: "run_sql",
    description: "Runs a statement.",
    parameters: z.object({ query: z.string() }),
    execute: ({ query }) => {
      statements.push(query);
      return "1 row";
    },
  });
  return { agent: new Agent({ name: "Analyst", model: "gpt-4.1", tools: [runSql] }), statements };
}
