// An agent whose traces go to the gateway. Reads OPENAI_BASE_URL and OPENAI_API_KEY; needs: npm install @openai/agents
// The exporter of the SDK has an address of its own, which no variable changes: these lines point it here.
import {
  Agent,
  BatchTraceProcessor,
  getGlobalTraceProvider,
  OpenAITracingExporter,
  run,
  setTraceProcessors,
  withTrace,
} from "@openai/agents";

const endpoint = `${process.env.OPENAI_BASE_URL}/traces/ingest`;
setTraceProcessors([
  new BatchTraceProcessor(new OpenAITracingExporter({ endpoint, apiKey: process.env.OPENAI_API_KEY })),
]);

const agent = new Agent({ name: "Weather", instructions: "Be short.", model: "gpt-5" });
await withTrace(
  "Weather report",
  async () => {
    const result = await run(agent, "What is the weather like in Oslo in May?");
    console.log(result.finalOutput);
  },
  { groupId: "oslo" },
);
await getGlobalTraceProvider().forceFlush();
