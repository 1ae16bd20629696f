// Measures how soon what runs at one gateway ends once a command has withdrawn what it runs by: the two share a database alone.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { z } from "zod";
import { openDatabase } from "../db/client.ts";
import type { Database } from "../db/client.ts";
import { switchConnection } from "../db/queries/change-connections.ts";
import { revokeServiceAccount } from "../db/queries/service-accounts.ts";
import { endSubjectAs, listTokens, revokeTokenAs } from "../db/queries/tokens.ts";
import { runInProcess } from "../test/command.ts";
import { createTestIssuer } from "../test/fixtures/test-issuer.ts";
import type { TestIssuer } from "../test/fixtures/test-issuer.ts";
import { insertKey, startGateway } from "../test/gateway.ts";
import type { RunningGateway } from "../test/gateway.ts";
import { startPostgres } from "../test/start-postgres.ts";
import { IDLE_MARK, openSocket } from "./sockets.ts";
import { percentile } from "./statistics.ts";

/** What was withdrawn, and after how many milliseconds the streams and sockets that ran by it ended. */
export type RevocationRow = {
  readonly what: string;
  readonly streams: readonly number[];
  readonly sockets: readonly number[];
};

/** What a stream and a socket run by, and how it is withdrawn. */
type Case = {
  readonly token: string;
  readonly path?: string;
  readonly withdraw: () => Promise<unknown>;
  readonly restore?: () => Promise<unknown>;
};

type Set = {
  readonly url: string;
  readonly db: Database;
  readonly issuer: TestIssuer;
  /** Where tokens are asked for; what runs does so at `other`. */
  readonly one: RunningGateway;
  readonly other: RunningGateway;
};

const ACTOR = "benchmark";
const granted = z.object({ access_token: z.string() });

/** Measures each kind of withdrawal so many times. */
export async function measureRevocations(
  upstream: string,
  rounds: number,
): Promise<readonly RevocationRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-revocations-"));
  chmodSync(folder, 0o755);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startPostgres(folder);
  stack.defer(() => server.stop());
  await server.createDatabase("revocations");
  const url = `${server.url}revocations`;
  const issuer = stack.use(await createTestIssuer());
  const key = randomBytes(32).toString("base64");
  const start = async (): Promise<RunningGateway> =>
    stack.use(
      await startGateway({
        databaseUrl: url,
        target: { url: `${upstream}/v1`, credential: "benchmark-credential" },
        env: { TEST_ENCRYPTION_KEY: key, TOLLGATE_LOG_LEVEL: "error" },
        config: (target) => `
connections: [{ name: openai, base_url: "${target}", credential: "env:OPENAI_API_KEY", default: true }]
issuers: [{ issuer: "${issuer.url}", audience: tollgate, group_map: { staff: developers } }]
`,
      }),
    );
  const one = await start();
  const other = await start();
  const db = openDatabase(url, { poolSize: 2 });
  stack.defer(() => db.close());
  const added = await runInProcess(
    ["connections", "add", "cut", "--skip-test", "--base-url", `${upstream}/v1`],
    {
      env: { DATABASE_URL: url, TOLLGATE_ENCRYPTION_KEY: "env:KEY", KEY: key },
      cwd: folder,
      stdin: "benchmark-credential",
    },
  );
  if (added.code !== 0) throw new Error(added.stderr);
  const set: Set = { url, db, issuer, one, other };
  const rows: RevocationRow[] = [];
  for (const [what, prepare] of CASES) {
    const [streams, sockets]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const [stream, socket] = await measure(other, await prepare(set, `bench-${rows.length}-${round}`));
      streams.push(stream);
      sockets.push(socket);
    }
    rows.push({ what, streams, sockets });
  }
  return rows;
}

const CASES: readonly (readonly [string, (set: Set, name: string) => Promise<Case>])[] = [
  [
    "a short-lived token",
    async ({ url, db, one }, name) => {
      const key = await insertKey(url, { name });
      const form = { grant_type: "client_credentials", client_id: name, client_secret: key };
      const body = new URLSearchParams(form);
      const answer = await fetch(`${one.origin}/oauth/token`, { method: "POST", body });
      const { access_token: token } = granted.parse(await answer.json());
      const [held] = await listTokens(db, { subject: name });
      return { token, withdraw: () => revokeTokenAs(db, held?.id ?? "", ACTOR) };
    },
  ],
  [
    "a service account with its key",
    async ({ url, db }, name) => ({
      token: await insertKey(url, { name }),
      withdraw: () => revokeServiceAccount(db, name, ACTOR),
    }),
  ],
  [
    "a subject with its issuer's tokens",
    async ({ db, issuer }, name) => ({
      token: await issuer.sign({ sub: name, groups: ["staff"] }),
      withdraw: () => endSubjectAs(db, { subject: name, issuer: issuer.url }, ACTOR),
    }),
  ],
  [
    "a connection (`--cut`)",
    async ({ url, db, other }, name) => {
      const token = await insertKey(url, { name });
      await waitFor(async () => (await readStatus(`${other.origin}/c/cut/v1/models`, token)) !== 503);
      return {
        token,
        path: "/c/cut",
        withdraw: () => switchConnection(db, "cut", "cut", ACTOR),
        restore: () => switchConnection(db, "cut", "enabled", ACTOR),
      };
    },
  ],
];

/** Opens a stream and a socket, withdraws what they run by, and gives how long after that each ended. */
async function measure(gateway: RunningGateway, one: Case): Promise<readonly [number, number]> {
  const { token, path = "", withdraw, restore } = one;
  const pool = new Pool(gateway.origin, { headersTimeout: 0, bodyTimeout: 0 });
  const socket = await openSocket({ origin: `${gateway.origin}${path}`, token });
  const closed = once(socket, "close").then(() => performance.now());
  const { body, statusCode } = await pool.request({
    path: `${path}/v1/responses`,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: `{"stream":true,"metadata":{${IDLE_MARK}},"model":"gpt-4.1","input":"wait"}`,
  });
  if (statusCode !== 200) throw new Error(`The stream was refused (${statusCode}): ${await body.text()}`);
  const ended = new Promise<number>((resolve) => {
    body.on("error", () => undefined);
    body.once("close", () => resolve(performance.now()));
  });
  const begun = once(body, "data");
  body.resume();
  await begun;
  await withdraw();
  const since = performance.now();
  const [stream, message] = await Promise.all([ended, closed]);
  await pool.destroy();
  await restore?.();
  return [Math.max(0, stream - since), Math.max(0, message - since)];
}

async function readStatus(url: string, token: string): Promise<number> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  return answer.status;
}

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Writes the rows as a table. */
export function writeRevocations(rows: readonly RevocationRow[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return ["Not measured."];
  const cells = (values: readonly number[]): string =>
    [percentile(values, 0.5), percentile(values, 0.99), Math.max(...values)]
      .map((value) => value.toFixed(0))
      .join(" | ");
  return [
    `Two gateways on one database. A stream and a WebSocket run at one of them on which nothing happens; the time is that from the return of the command that withdraws what they run by to their end. Milliseconds, of ${first.streams.length} withdrawals each.`,
    "",
    "| withdrawn | stream p50 | p99 | max | WebSocket p50 | p99 | max |",
    "|---|---|---|---|---|---|---|",
    ...rows.map(({ what, streams, sockets }) => `| ${what} | ${cells(streams)} | ${cells(sockets)} |`),
  ];
}
