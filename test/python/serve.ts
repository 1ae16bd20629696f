// Starts the targets of the Python tests: tells them in one line of JSON, serves keys on request, ends with its input.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { createSimulator } from "../../gateway/simulator/server.ts";
import { findPort, startGateway } from "../gateway.ts";

const keyRequest = z.object({ groups: z.array(z.string()), ttl: z.string() });
const credential = "simulated-credential";
const only = process.argv[2];

const simulator = createSimulator({ credential });
const { url } = await simulator.listen(0, "127.0.0.1");
const gateway = only === "simulator" ? null : await startGateway();
const control = createServer((request, response) => {
  answer(request.url ?? "", request).then(
    (body) => response.end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
const port = await findPort();
control.listen(port, "127.0.0.1");
const targets = {
  simulator: { base_url: url, api_key: credential },
  ...(gateway === null ? {} : { gateway: { base_url: gateway.baseUrl, api_key: await gateway.createKey() } }),
};
process.stdout.write(`${JSON.stringify({ control: `http://127.0.0.1:${port}`, targets })}\n`);
process.stdin.resume();
process.stdin.once("end", () => void end());

async function answer(path: string, request: NodeJS.ReadableStream): Promise<string> {
  if (gateway === null) throw new Error("There is no gateway.");
  if (path === "/keys") return gateway.createKey(keyRequest.parse(JSON.parse(await text(request))));
  if (path === "/authorizations") {
    return JSON.stringify(gateway.upstream.requests().map((seen) => seen.headers.authorization ?? ""));
  }
  throw new Error("Nothing is here.");
}

async function end(): Promise<void> {
  control.close();
  await gateway?.[Symbol.asyncDispose]();
  await simulator.close();
}
