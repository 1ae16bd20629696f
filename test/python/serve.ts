// Starts the targets of the Python tests: tells them in one line of JSON, serves keys on request, ends with its input.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { createSimulator } from "../../gateway/simulator/server.ts";
import { findPort, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";

const keyRequest = z.object({ groups: z.array(z.string()), ttl: z.string() });
const sessions = z.array(z.looseObject({ id: z.string() }));
const session = z.looseObject({ traces: z.array(z.unknown()) });
const credential = "simulated-credential";
/** As the bundle has them. */
const MASKS = [
  { class: "secret", with: "redact" },
  { class: "credit_card", with: "last4" },
];
const only = process.argv[2];

const simulator = createSimulator({ credential });
const { url } = await simulator.listen(0, "127.0.0.1");
const folder = await mkdtemp(join(tmpdir(), "tollgate-python-"));
const operator = join(folder, "operator.json");
const fields = { fields: ["ssn", "salary", "address"], direction: "answer", groups: ["masked"] };
await writeFile(operator, JSON.stringify({ lists: { masks: [...MASKS, fields] } }));
const gateway =
  only === "simulator" ? null : await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
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
  if (path === "/traces") return JSON.stringify(await listTraces(gateway));
  throw new Error("Nothing is here.");
}

/** Lists the traces beside the newest sessions, as the command shows them. */
async function listTraces(of: RunningGateway): Promise<unknown[]> {
  const { stdout } = await of.cli("sessions", "list", "--limit", "5", "--json");
  const found = sessions.parse(JSON.parse(stdout));
  const shown = await Promise.all(found.map(({ id }) => of.cli("sessions", "show", id, "--json")));
  return shown.flatMap((one) => session.parse(JSON.parse(one.stdout)).traces);
}

async function end(): Promise<void> {
  control.close();
  await gateway?.[Symbol.asyncDispose]();
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
}
