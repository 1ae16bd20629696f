// An agent with a tool, streamed. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: npm install @openai/agents zod
// Set OPENAI_AGENTS_DISABLE_TRACING=1 too, or its traces, prompts included, go to OpenAI and past the gateway.
import { Agent, run, tool } from "@openai/agents";
import { z } from "zod";

const getWeather = tool({
  name: "get_weather",
  description: "Tells the weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `It is sunny in ${city}.`,
});
const agent = new Agent({
  name: "Weather",
  instructions: "Use the tool.",
  model: "gpt-5",
  tools: [getWeather],
});
const result = await run(agent, "What is the weather in Oslo?", { stream: true });
for await (const text of result.toTextStream()) process.stdout.write(text);
console.log();
