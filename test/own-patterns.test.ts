// A class of one's own, as docs/patterns.md tells how: written, built by the script, and masked in requests and streams.
import { execFile } from "node:child_process";
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";

const run = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const VALUES = ["EMP-204817", "Staff No. QX4711", "Project  Bluebird"];
const spoken = `echo: Ask ${VALUES[0]}, or ${VALUES[1]}, about ${VALUES[2]}; not EMP-9000001.`;
const model = "gpt-4.1";

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-own-patterns-"));
  const page = await readFile(path("../docs/patterns.md"), "utf8");
  const block = (name: string): string =>
    new RegExp(`\\n\`\`\`yaml ${name}\\n([^]*?)\`\`\``).exec(page)?.[1] ?? "";
  const [source, bundle] = [join(folder, "my-policy"), join(folder, "my-policy.tar.gz")];
  await cp(path("../rego"), source, { recursive: true });
  await appendFile(join(source, "gateway/patterns/data.yaml"), `\n${block("own")}`);
  await run(path("../bin/tollgate.js"), ["policy", "build", source, "--output", bundle]);
  const operator = join(folder, "operator.yaml");
  // What administrators ask goes out as it is, so that the target answers with it.
  const masks = block("operator");
  const ways = ["direction: answer", "direction: request, groups: [developers]"];
  const entries = masks.match(/^ +- \{class: (?:employee|project),.*$/gm) ?? [];
  const both = entries.flatMap((entry) => ways.map((way) => entry.replace("}", `, ${way}}`)));
  await writeFile(operator, masks.replace(entries.join("\n"), both.join("\n")));
  gateway = await startGateway({
    env: { TOLLGATE_POLICY_BUNDLE: bundle, TOLLGATE_POLICY_OPERATOR: operator },
  });
  client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: await gateway.createKey(), maxRetries: 0 });
}, 180_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function expectMasked(text: string): void {
  for (const value of VALUES) expect(text).not.toContain(value);
  expect(text).toMatch(
    /Ask \[EMPLOYEE_[A-Z2-7]+\], or \[EMPLOYEE_[A-Z2-7]+\], about \[REDACTED:project\]; not EMP-9000001\./,
  );
}

test("a class of one's own is masked in requests, and told to the program", async () => {
  const { data, response } = await client.responses.create({ model, input: spoken }).withResponse();
  expectMasked(gateway.upstream.requests().at(-1)?.body.toString() ?? "");
  expectMasked(data.output_text);
  expect(response.headers.get("x-tollgate-effects")).toBe("masked;employee=2;project=1");
});

test("it is masked in a stream, in each of its copies", async () => {
  const apiKey = await gateway.createKey({ groups: ["admins"] });
  const admin = new OpenAI({ baseURL: gateway.baseUrl, apiKey, maxRetries: 0 });
  const stream = admin.responses.stream({ model, input: spoken });
  let shown = "";
  stream.on("response.output_text.delta", ({ delta }) => (shown += delta));
  const final = await stream.finalResponse();
  expect(gateway.upstream.requests().at(-1)?.body.toString()).toContain(VALUES[0]);
  expectMasked(shown);
  expect(final.output_text).toBe(shown);
});
