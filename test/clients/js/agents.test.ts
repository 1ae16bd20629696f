// Agents of `@openai/agents`, unmodified: tools, handoffs, structured output, streams, over both APIs.
import { Agent, OpenAIProvider, Runner, tool } from "@openai/agents";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { onBothTargets } from "./targets.ts";
import type { Target } from "./targets.ts";

const model = "gpt-4.1";

onBothTargets((target) => {
  describe.each([
    { api: "responses", useResponses: true },
    { api: "chat", useResponses: false },
  ])("over $api", ({ useResponses }) => {
    test("answers a text", async () => {
      const agent = new Agent({ name: "Helper", instructions: "Be kind.", model });
      expect((await toRunner(target(), useResponses).run(agent, "echo: hello")).finalOutput).toBe("hello");
    });

    test("calls a tool and answers with its output, streamed and not", async () => {
      const { agent, calls } = weatherAgent();
      const runner = toRunner(target(), useResponses);
      expect((await runner.run(agent, "What is the weather in Paris?")).finalOutput).toBe("Sunny in Paris");
      const streamed = await runner.run(agent, "What is the weather in Oslo?", { stream: true });
      const kinds = new Set<string>();
      for await (const event of streamed) kinds.add(event.type);
      await streamed.completed;
      expect(streamed.finalOutput).toBe("Sunny in Oslo");
      expect(kinds).toContain("run_item_stream_event");
      expect(calls).toEqual(["Paris", "Oslo"]);
      if (useResponses)
        expect(streamed.rawResponses.every((response) => response.usage.totalTokens > 0)).toBe(true);
    });

    test("calls several tools at once, then others", async () => {
      const { agent, calls } = weatherAgent();
      const prompt = [
        'call get_weather {"city":"Oslo"}; call get_weather {"city":"Rome"}',
        'then call get_weather {"city":"Bern"}',
        "then echo: done",
      ].join("\n");
      expect((await toRunner(target(), useResponses).run(agent, prompt)).finalOutput).toBe("done");
      expect(calls.toSorted()).toEqual(["Bern", "Oslo", "Rome"]);
    });

    test("hands off to another agent", async () => {
      const billing = new Agent({ name: "Billing", instructions: "You know invoices.", model });
      const triage = Agent.create({ name: "Triage", model, handoffs: [billing] });
      const result = await toRunner(target(), useResponses).run(
        triage,
        "handoff billing\nthen echo: your invoice",
      );
      expect(result.finalOutput).toBe("your invoice");
      expect(result.lastAgent?.name).toBe("Billing");
      const streamed = await toRunner(target(), useResponses).run(
        triage,
        "handoff billing\nthen echo: your invoice",
        { stream: true },
      );
      for await (const event of streamed) void event;
      expect(streamed.lastAgent?.name).toBe("Billing");
    });

    test("gives structured output", async () => {
      const outputType = z.object({ title: z.string(), score: z.number() });
      const agent = new Agent({ name: "Judge", model, outputType });
      const result = await toRunner(target(), useResponses).run(agent, "Judge this");
      expect(outputType.parse(result.finalOutput)).toEqual(result.finalOutput);
    });
  });

  test("keeps reasoning items with their calls over the turns of a run and of a conversation", async () => {
    const { agent } = weatherAgent();
    const runner = toRunner(target(), true);
    const first = await runner.run(agent, 'reason\ncall get_weather {"city":"Oslo"}');
    expect(first.finalOutput).toBe("Sunny in Oslo");
    const second = await runner.run(agent, [
      ...first.history,
      { role: "user", content: "reason\necho: and on" },
    ]);
    expect(second.finalOutput).toBe("and on");
    const third = await runner.run(agent, [...second.history, { role: "user", content: "echo: the end" }]);
    expect(third.finalOutput).toBe("the end");
  });
});

function toRunner(target: Target, useResponses: boolean): Runner {
  return new Runner({
    modelProvider: new OpenAIProvider({ openAIClient: target.client(), useResponses }),
    tracingDisabled: true,
  });
}

function weatherAgent() {
  const calls: string[] = [];
  const weather = tool({
    name: "get_weather",
    description: "Tells the weather.",
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => {
      calls.push(city);
      return `Sunny in ${city}`;
    },
  });
  return {
    agent: new Agent({ name: "Weather", instructions: "Use the tool.", model, tools: [weather] }),
    calls,
  };
}
