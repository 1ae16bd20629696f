// Measures the request parser alone: a history of 100 KB that is resent with one new turn of 1 KB, warm and cold.

import { createRequestParser } from "../gateway/parse/request.ts";
import { matchRoute } from "../gateway/parse/route.ts";

const ROUNDS = 400;
const { route, query } = matchRoute("POST", "/v1/responses");

function makeText(seed: number, length: number): string {
  const words = [
    "the",
    "invoice",
    "of",
    "March",
    'says "net 30"',
    "and\nthen",
    "total",
    "was",
    "not",
    "paid",
    String(seed),
  ];
  let text = "";
  for (let at = seed; text.length < length; at++) text += `${words[(at * 7 + seed) % words.length]} `;
  return text.slice(0, length);
}

function makeBody(run: number, turns: number): Buffer {
  const input: object[] = [];
  for (let turn = 0; turn < turns; turn++) {
    input.push({ role: "user", content: [{ type: "input_text", text: makeText(run + turn, 900) }] });
    input.push({
      type: "function_call",
      id: `fc_${turn}`,
      call_id: `call_${turn}`,
      name: "look_up",
      arguments: JSON.stringify({ query: makeText(turn, 60) }),
    });
    input.push({
      type: "function_call_output",
      call_id: `call_${turn}`,
      output: makeText(run + turn + 1, 600),
    });
    input.push({
      type: "message",
      role: "assistant",
      id: `msg_${turn}`,
      status: "completed",
      content: [{ type: "output_text", annotations: [], text: makeText(run + turn, 400) }],
    });
  }
  input.push({ role: "user", content: makeText(Math.floor(performance.now() * 1000), 1000) });
  const tools = Array.from({ length: 8 }, (_, index) => ({
    type: "function",
    name: `tool_${index}`,
    description: makeText(index, 120),
    parameters: {
      type: "object",
      properties: { query: { type: "string", description: makeText(index, 60) } },
      required: ["query"],
    },
  }));
  return Buffer.from(
    JSON.stringify({ model: "gpt-5.2", instructions: makeText(0, 500), tools, stream: true, input }),
  );
}

function measure(name: string, bodies: readonly Buffer[]): void {
  const parser = createRequestParser({
    secret: Buffer.alloc(32, 1),
    cacheItems: 100_000,
    limits: { depth: 128 },
  });
  for (const bytes of bodies.slice(0, bodies.length / 2))
    parser.parse({ route, query, contentType: "application/json", bytes, tenant: "default" });
  const times: number[] = [];
  for (const bytes of bodies.slice(bodies.length / 2)) {
    const start = performance.now();
    parser.parse({ route, query, contentType: "application/json", bytes, tenant: "default" });
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(3);
  process.stdout.write(`${name}: ${bodies[0]?.length} bytes, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms\n`);
}

measure(
  "small",
  Array.from({ length: ROUNDS * 4 }, () => makeBody(0, 0)),
);
measure(
  "large, resent with a new turn",
  Array.from({ length: ROUNDS }, () => makeBody(0, 43)),
);
measure(
  "large, first sight",
  Array.from({ length: ROUNDS }, (_, run) => makeBody(run * 100_000, 43)),
);
