// A bare start, as after a clone: embedded database, simulated target, demo token; and the way down.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { startGateway } from "./gateway.ts";

const bare = { OPENAI_API_KEY: undefined, TOLLGATE_OPENAI_BASE_URL: undefined };

test("with nothing configured the simulated target answers, and says so in the banner and in each answer", async () => {
  await using gateway = await startGateway({ env: bare });
  expect(gateway.log()).toMatch(/simulated/i);
  expect(gateway.log()).toContain("OPENAI_AGENTS_DISABLE_TRACING=1");
  const file = join(gateway.stateDir, "secrets", "demo-token");
  expect((await stat(file)).mode & 0o077).toBe(0);
  const apiKey = (await readFile(file, "utf8")).trim();
  expect(gateway.log()).not.toContain(apiKey);
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey });
  const { data, response } = await client.responses
    .create({ model: "gpt-4.1", input: "echo: hello" })
    .withResponse();
  expect(data.output_text).toBe("hello");
  expect(response.headers.get("x-tollgate-simulated")).toBe("true");
  const shown = await gateway.cli("exchanges", "show", response.headers.get("x-tollgate-exchange-id") ?? "");
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/responses\.create/);
  expect(shown.stdout).toMatch(/allow/);
  expect(await gateway.stop()).toBe(0);
});

test("a stream that runs when SIGTERM comes is finished before the process ends", async () => {
  await using gateway = await startGateway();
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: await gateway.createKey() });
  const stream = await client.responses.create({
    model: "gpt-4.1",
    input: "pace 20ms\nstream 50",
    stream: true,
  });
  let words = 0;
  let last = "";
  let ended: Promise<number | null> | undefined;
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") words += 1;
    ended ??= gateway.stop();
    last = event.type;
  }
  expect(words).toBe(50);
  expect(last).toBe("response.completed");
  expect(await ended).toBe(0);
});
