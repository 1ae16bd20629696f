// Starts two gateways on one database, in front of one target, that give placeholders: tells them in one line of JSON, shows
// what reached the target last, ends with its input.
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPort, startGateway } from "../gateway.ts";
import { startPostgres } from "../start-postgres.ts";

const folder = await mkdtemp(join(tmpdir(), "tollgate-pair-"));
// The database may have a user of its own.
await chmod(folder, 0o755);
const database = await startPostgres(folder);
await database.createDatabase("pair");
const operator = join(folder, "operator.json");
const masks = [{ class: "email", with: "placeholder", direction: "request", restore: ["message"] }];
await writeFile(operator, JSON.stringify({ lists: { masks } }));
const env = {
  TOLLGATE_POLICY_OPERATOR: operator,
  TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
};
const databaseUrl = `${database.url}pair`;
const one = await startGateway({ databaseUrl, env });
const target = { url: one.targetUrl, credential: one.credential };
const other = await startGateway({ databaseUrl, env, target });
const control = createServer((_, response) => {
  response.end(one.upstream.requests().at(-1)?.body ?? "");
});
const port = await findPort();
control.listen(port, "127.0.0.1");
const told = {
  base_urls: [one.baseUrl, other.baseUrl],
  api_key: await one.createKey(),
  control: `http://127.0.0.1:${port}`,
};
process.stdout.write(`${JSON.stringify(told)}\n`);
process.stdin.resume();
process.stdin.once("end", () => void end());

async function end(): Promise<void> {
  control.close();
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}
