import { execFile } from "node:child_process";
import { promisify } from "node:util";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { startGateway } from "../../test/gateway.ts";
import { createTestDatabase } from "../../test/postgres.ts";

async function listChildren(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout.split("\n").flatMap((line) => {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    return parent === pid && child !== undefined ? [child] : [];
  });
}

test("a worker that gets SIGTERM itself gives its answers the configured grace", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({
    databaseUrl: database.url,
    args: ["--workers", "2"],
    config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
shutdown: { grace_ms: 500 }
`,
  });
  const client = new OpenAI({
    baseURL: gateway.baseUrl,
    apiKey: await gateway.createKey(),
    maxRetries: 0,
  });
  const stream = await client.responses.create({
    model: "gpt-4.1",
    input: "pace 100ms\nstream 250",
    stream: true,
  });
  let signalled = 0;
  try {
    for await (const event of stream) {
      if (signalled > 0 || event.type !== "response.output_text.delta") continue;
      signalled = Date.now();
      for (const pid of await listChildren(gateway.pid)) process.kill(pid, "SIGTERM");
    }
  } catch {
    // It ends with an error: how, is told elsewhere.
  }
  expect(signalled).toBeGreaterThan(0);
  expect(Date.now() - signalled).toBeLessThan(10_000);
});
