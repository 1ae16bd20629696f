// The simulated API answers every operation of the route table that is no WebSocket.
import { afterAll, beforeAll, expect, test } from "vitest";
import { listRoutes } from "../gateway/routes.ts";
import { createSimulator } from "../gateway/simulator/server.ts";

const simulator = createSimulator();
let base = "";
beforeAll(async () => {
  base = (await simulator.listen(0, "127.0.0.1")).url;
});
afterAll(() => simulator.close());

test("knows every path and method of the API", async () => {
  const unknown: string[] = [];
  for (const { method, template, operation } of listRoutes()) {
    // What is the gateway's alone is no part of the API.
    if (method === "WS" || operation === "exchanges.reveal") continue;
    const path = template.replaceAll(/\{[^}]+\}/g, "x1");
    const answer = await fetch(base + path, { method, headers: { authorization: "Bearer any" } });
    const text = await answer.text();
    // A server's fault is no answer either: an empty body is the caller's.
    if (answer.status >= 405 || text.includes("Invalid URL"))
      unknown.push(`${method} ${template} ${answer.status}`);
  }
  expect(unknown).toEqual([]);
});
