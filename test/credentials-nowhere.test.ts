// A canary stands in each place where a credential can stand. It is used, refused, echoed by the target and misplaced, and
// then searched for in all that the gateway writes, answers and shows.
import { createPrivateKey, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { exportSPKI, generateKeyPair } from "jose";
import { createKeyText } from "../gateway/identity/key-format.ts";
import { runInProcess } from "./command.ts";
import { askForTokens } from "./credentials/ask-for-tokens.ts";
import { dumpTables } from "./dump-tables.ts";
import { startBundleServer } from "./fixtures/bundle-server.ts";
import type { BundleServer } from "./fixtures/bundle-server.ts";
import { makeCertificate } from "./fixtures/certificate.ts";
import { createTestIssuer } from "./fixtures/test-issuer.ts";
import type { TestIssuer } from "./fixtures/test-issuer.ts";
import { findPort, startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { askRefused } from "./websocket/client.ts";

const WAIT = { timeout: 20_000, interval: 100 };
const make = (name: string): string => `${name}-${randomBytes(24).toString("hex")}`;

const certificate = makeCertificate("canary");
const sourceCertificate = makeCertificate("source");
const keyOf = (pem: string): string =>
  Buffer.from(createPrivateKey(pem).export({ format: "jwk" }).d ?? "", "base64url").toString("base64");
/** Of letters and digits alone, which every scheme writes as they are. */
const issuerSecret = `issuer${randomBytes(24).toString("hex")}`;

/** None is shaped like a key that the log would cut out by its shape, but those that must be. */
const CANARIES = {
  env: make("env"),
  file: make("file"),
  sealed: make("sealed"),
  admin: make("admin"),
  rotated: make("rotated"),
  destroyed: make("destroyed"),
  refused: make("refused"),
  encryptionKey: randomBytes(32).toString("base64"),
  credentialsKey: randomBytes(32).toString("base64"),
  formerKey: randomBytes(32).toString("hex"),
  databasePassword: make("password"),
  issuerSecret,
  // As HTTP's Basic scheme has it, but for the client's name.
  issuerBasic: Buffer.from(`canaryclient:${issuerSecret}`).toString("base64").slice(20),
  tlsKey: keyOf(certificate.key),
  sourceToken: make("source"),
  sourceHeader: make("header"),
  sourceKey: keyOf(sourceCertificate.key),
  collector: make("collector"),
  providersClientSecret: `ek_${randomBytes(24).toString("hex")}`,
  // What programs send, and must not.
  unknownToken: createKeyText(),
  providerKey: ["sk", "proj", randomBytes(30).toString("hex")].join("-"),
  webToken: `eyJhbGciOiJub25lIn0.${randomBytes(30).toString("hex")}.`,
  bareToken: make("bare"),
  misplaced: make("misplaced"),
  argument: make("argument"),
};

/** What is shown to somebody once, by design: looked for in everything but that. */
const shownOnce: { key: string; clientSecret: string; [name: string]: string } = {
  key: "",
  clientSecret: "",
};

let folder = "";
let database: TestDatabase;
let target: Server;
let bundles: BundleServer;
let people: TestIssuer;
let targetPort = 0;
let gateway: RunningGateway;
let databaseUrl = "";
const role = `canary_${randomBytes(4).toString("hex")}`;
/** Everything that was answered and printed. */
const said: string[] = [];

/** The keys that the target was sent, by the connection's path. */
const seen = new Map<string, Set<string>>();

/** The ways of the target's to answer, by what it is asked with. */
const MODES = {
  "401": "a wrong key",
  "401 and headers": "the wrong key and headers",
  "400": "wrong request",
  "500": "fault",
  redirect: "elsewhere",
  header: "in a header",
  page: "a page",
  stream: "a stream",
  broken: "half of it",
  body: "in the body",
};

/** How the collector answers first. */
const collectorAnswers = [500, 302, 400];

/** The ways of the bundle's source to repeat what it was sent. */
const SOURCE_MODES: readonly ((all: string, outgoing: ServerResponse) => unknown)[] = [
  (all, outgoing) => outgoing.writeHead(401, { "www-authenticate": all }).end(all),
  (all, outgoing) =>
    outgoing.writeHead(302, { location: `https://elsewhere.example:1/?key=${all}` }).end(all),
  (all, outgoing) => outgoing.writeHead(302, { location: `http://127.0.0.1/?key=${all}` }).end(all),
  (all, outgoing) => outgoing.writeHead(200, { etag: `"${all}"`, "content-encoding": all }).end(all),
  (all, outgoing) => outgoing.writeHead(200, { etag: `"${all}"`, "content-type": all }).end(all),
  (all, outgoing) => outgoing.socket?.end(`HTTP/1.1 ${all}\r\n\r\n`),
];

function readSent({ headers, socket }: IncomingMessage): string {
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : "nobody";
  return `${headers.authorization} ${String(headers["x-source-key"])} ${String(name)}`;
}

/** Repeats what it was sent in every way that it can. */
function echo(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const url = incoming.url ?? "";
  const path = url.split("/")[1] ?? "";
  const { authorization = "" } = incoming.headers;
  seen.set(path, (seen.get(path) ?? new Set()).add(authorization.replace("Bearer ", "")));
  const all = [...(seen.get(path) ?? [])].join(" ");
  void readText(incoming).then((sent) => {
    const json = { "content-type": "application/json" };
    if (url.includes("/models") || url.includes("/organization/projects")) {
      outgoing.writeHead(
        all.includes(CANARIES.refused) && authorization.includes(CANARIES.refused) ? 401 : 200,
        {
          ...json,
          "x-request-id": authorization,
        },
      );
      return outgoing.end(JSON.stringify({ object: "list", data: [], echo: all }));
    }
    if (url.includes("/introspect")) {
      const claims = { active: true, aud: "tollgate", sub: "introspected", exp: 4_000_000_000 };
      const isActive = sent.includes("op_active");
      outgoing.writeHead(sent.includes("op_broken") ? 500 : 200, { ...json, "x-request-id": all });
      return outgoing.end(JSON.stringify(isActive ? claims : { active: false, error: all }));
    }
    if (url.includes("/collector")) {
      const headers = { ...json, location: `https://elsewhere.example/?key=${all}`, "x-request-id": all };
      outgoing.writeHead(collectorAnswers.shift() ?? 200, headers);
      return outgoing.end(JSON.stringify({ error: all }));
    }
    if (url.includes("/client_secrets")) {
      outgoing.writeHead(200, json);
      const session = { type: "realtime", model: "gpt-realtime" };
      return outgoing.end(
        JSON.stringify({ value: CANARIES.providersClientSecret, expires_at: 4_000_000_000, session }),
      );
    }
    const mode = Object.entries(MODES).find(([, said]) => sent.includes(said))?.[0];
    const error = JSON.stringify({ error: { message: `Incorrect API key: ${all}`, code: authorization } });
    switch (mode) {
      case "401":
      case "500":
      case "400":
        outgoing.writeHead(Number(mode), json);
        return outgoing.end(error);
      case "401 and headers":
        outgoing.writeHead(401, { ...json, "x-request-id": authorization, "www-authenticate": all });
        return outgoing.end(error);
      case "redirect":
        outgoing.writeHead(302, { location: `https://elsewhere.example/?key=${all}` });
        return outgoing.end();
      case "header":
        outgoing.writeHead(200, { ...json, "x-request-id": authorization });
        return outgoing.end("{}");
      case "page":
        outgoing.writeHead(502, { "content-type": "text/html" });
        return outgoing.end(`<p>${all}</p>`);
      case "stream":
        outgoing.writeHead(200, { "content-type": "text/event-stream" });
        outgoing.write(
          `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: all, sequence_number: 1 })}\n\n`,
        );
        return outgoing.end(`event: error\ndata: {"type":"error","message":"${all}"}\n\n`);
      case "broken":
        outgoing.writeHead(200, { ...json, "content-length": "100000" });
        outgoing.write(all);
        return outgoing.destroy();
      case "body":
      case undefined:
        break;
    }
    outgoing.writeHead(200, json);
    return outgoing.end(JSON.stringify({ id: "resp_1", object: "response", output_text: all }));
  });
}

const ENVIRONMENT = {
  CANARY_ENV: CANARIES.env,
  CANARY_ISSUER: CANARIES.issuerSecret,
  TEST_ENCRYPTION_KEY: CANARIES.encryptionKey,
  TEST_CREDENTIALS_KEY: CANARIES.credentialsKey,
  TEST_FORMER_KEY: CANARIES.formerKey,
  CANARY_SOURCE: CANARIES.sourceToken,
  CANARY_COLLECTOR: CANARIES.collector,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-canary-"));
  await writeFile(join(folder, "key"), CANARIES.file);
  await writeFile(join(folder, "tls.pem"), certificate.cert);
  await writeFile(join(folder, "tls.key"), certificate.key);
  await writeFile(join(folder, "source.pem"), sourceCertificate.cert);
  await writeFile(join(folder, "source.key"), sourceCertificate.key);
  await writeFile(join(folder, "source-header"), CANARIES.sourceHeader);
  const { cert, key } = certificate;
  bundles = await startBundleServer({ tls: { cert, key, requestCert: true, rejectUnauthorized: false } });
  bundles.publish(await readFile(new URL("../bundles/default.tar.gz", import.meta.url)));
  people = await createTestIssuer();
  database = await createTestDatabase();
  await database.db.sql.unsafe(`create role ${role} login superuser password '${CANARIES.databasePassword}'`);
  const own = new URL(database.url);
  own.username = role;
  own.password = CANARIES.databasePassword;
  databaseUrl = own.href;
  target = createServer(echo);
  target.on("upgrade", (incoming, socket) => {
    const { authorization } = incoming.headers;
    socket.end(`HTTP/1.1 403 No\r\nx-request-id: ${authorization}\r\ncontent-type: application/json\r\n\r\n`);
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  targetPort = typeof address === "object" && address !== null ? address.port : 0;
  gateway = await startGateway({
    databaseUrl,
    env: {
      ...ENVIRONMENT,
      TOLLGATE_LOG_LEVEL: "debug",
      OPENAI_API_KEY: undefined,
      OPENAI_ADMIN_KEY: undefined,
    },
    config: () => toConfiguration(),
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  target?.closeAllConnections();
  target?.close();
  await bundles?.[Symbol.asyncDispose]();
  await people?.[Symbol.asyncDispose]();
  await database?.db.sql.unsafe(`drop role if exists ${role}`);
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function toConfiguration(): string {
  const base = `http://127.0.0.1:${targetPort}`;
  return JSON.stringify({
    connections: [
      { name: "env", base_url: `${base}/env/v1`, credential: "env:CANARY_ENV", default: true },
      { name: "file", base_url: `${base}/file/v1`, credential: `file:${join(folder, "key")}` },
    ],
    issuers: [
      { issuer: people.url, audience: "tollgate", group_map: { staff: "developers" } },
      {
        issuer: `${base}/issuer`,
        audience: "tollgate",
        introspection: {
          endpoint: `${base}/introspect`,
          client_id: "canaryclient",
          client_secret: "env:CANARY_ISSUER",
          token_prefix: "op_",
        },
      },
    ],
    credentials: { key: "env:TEST_CREDENTIALS_KEY", former_keys: ["env:TEST_FORMER_KEY"] },
    policy: {
      bundle: bundles.url,
      source: {
        token: "env:CANARY_SOURCE",
        headers: { "x-source-key": `file:${join(folder, "source-header")}` },
        certificate: `file:${join(folder, "source.pem")}`,
        key: `file:${join(folder, "source.key")}`,
        ca: join(folder, "tls.pem"),
        poll_s: 1,
      },
    },
    decision_log: { to: `${base}/collector`, credential: "env:CANARY_COLLECTOR" },
  });
}

/** Runs a command, keeps what it printed, and gives how it ended. */
async function command(
  args: readonly string[],
  stdin = "",
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  const { code, stdout, stderr } = await runInProcess(args, {
    env: {
      ...ENVIRONMENT,
      DATABASE_URL: databaseUrl,
      TOLLGATE_ENCRYPTION_KEY: "env:TEST_ENCRYPTION_KEY",
      TOLLGATE_CONFIG: join(folder, "tollgate.yaml"),
      TOLLGATE_LISTEN: new URL(gateway.origin).host,
      ...env,
    },
    cwd: folder,
    stdin,
  });
  said.push(stdout, stderr);
  return { code, stdout };
}

async function ask(
  path: string,
  token: string,
  body: object = { model: "gpt-4.1", input: "echo: hello" },
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${gateway.origin}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text().catch(() => "broken off");
  said.push(text, JSON.stringify([...answer.headers]));
  return { status: answer.status, text };
}

type Find = (text: string) => readonly string[];

/**
 * Makes what tells which canaries stand in a text: any twelve characters of one count, as they are or as bytes in
 * hexadecimal. It goes through a text once, however many there are.
 */
function createFind(canaries: Readonly<Record<string, string>>): Find {
  const plain = new Map<string, string>();
  const inHex = new Map<string, string>();
  for (const [name, canary] of Object.entries(canaries)) {
    const shapes = [
      canary,
      canary.replaceAll("/", String.raw`\/`),
      canary.replaceAll("+", "-").replaceAll("/", "_"),
      isKeyBytes(canary) ? toHex(canary, "base64") : "",
    ];
    for (const piece of shapes.flatMap((shape) => toPieces(shape, 12))) plain.set(piece, name);
    // Twelve characters are twenty-four digits: fewer stand by chance in that of another canary.
    for (const piece of toPieces(toHex(canary, "utf8"), 24)) inHex.set(piece, name);
  }
  return (text) => {
    const found = new Set<string | undefined>();
    const lower = text.toLowerCase();
    for (let at = 0; at < text.length; at += 1) {
      found.add(plain.get(text.slice(at, at + 12)));
      found.add(inHex.get(lower.slice(at, at + 24)));
    }
    return [...found].filter((name) => name !== undefined);
  };
}

function toPieces(shape: string, length: number): string[] {
  return Array.from({ length: Math.max(0, shape.length - length + 1) }, (_, at) =>
    shape.slice(at, at + length),
  );
}

function toHex(canary: string, encoding: "base64" | "utf8"): string {
  return Buffer.from(canary, encoding).toString("hex");
}

/** Whether a canary is a key of 32 bytes in base64, which may be shown as those bytes. */
function isKeyBytes(canary: string): boolean {
  return canary.length === 44 && canary.endsWith("=");
}

test("no credential stands anywhere in what the gateway writes, answers or shows", async () => {
  const base = `http://127.0.0.1:${targetPort}`;
  await writeFile(join(folder, "tollgate.yaml"), toConfiguration());
  await writeFile(join(folder, "admin"), CANARIES.admin);

  // Taken in, rotated, refused.
  const add = ["connections", "add", "sealed", "--base-url", `${base}/sealed/v1`];
  await command([...add, "--key", CANARIES.argument], "");
  await command([...add, `--key=${CANARIES.argument}`], "");
  await command([...add, "--credential", CANARIES.argument], "");
  await command(add, `${CANARIES.misplaced} ${CANARIES.misplaced}`);
  await command(add, CANARIES.unknownToken);
  expect((await command(add, CANARIES.refused)).code).toBe(1);
  expect((await command([...add, "--admin-key-file", join(folder, "admin")], CANARIES.destroyed)).code).toBe(
    0,
  );
  expect((await command(["connections", "rotate", "sealed", "--overlap", "0"], CANARIES.rotated)).code).toBe(
    0,
  );
  expect((await command(["connections", "rotate", "sealed"], CANARIES.sealed)).code).toBe(0);
  expect((await command(["connections", "rotate", "sealed"], CANARIES.refused)).code).toBe(1);
  const [closed, plain] = [await findPort(), targetPort];
  const untested = ["--skip-test", "--base-url"];
  await command(
    ["connections", "add", "closed", ...untested, `http://127.0.0.1:${closed}/v1`],
    CANARIES.sealed,
  );
  await command(["connections", "add", "tls", ...untested, `https://127.0.0.1:${plain}/v1`], CANARIES.sealed);

  const made = await runInProcess(["service-accounts", "create", "canary", "-g", "admins", "--json"], {
    env: { DATABASE_URL: databaseUrl },
    cwd: folder,
  });
  shownOnce.key = z.object({ key: z.string() }).parse(JSON.parse(made.stdout)).key;

  // Used, echoed, failed.
  await expect.poll(async () => (await ask("/c/tls/v1/responses", shownOnce.key)).status, WAIT).toBe(502);
  for (const name of ["env", "file", "sealed"]) {
    for (const input of Object.values(MODES)) {
      const stream = input === MODES.stream && { stream: true };
      await ask(`/c/${name}/v1/responses`, shownOnce.key, { model: "gpt-4.1", input, ...stream });
    }
    const url = `${gateway.origin}/c/${name}/v1/responses`;
    said.push(JSON.stringify(await askRefused(url, { token: shownOnce.key })));
  }
  expect(seen.get("sealed")).toContain(CANARIES.sealed);
  expect(seen.get("env")).toContain(CANARIES.env);
  expect(seen.get("file")).toContain(CANARIES.file);
  await ask("/c/closed/v1/responses", shownOnce.key);
  await ask("/v1/responses", shownOnce.key, { model: "no-such-model", input: "hello", tools: 1 });
  for (const token of [
    CANARIES.unknownToken,
    CANARIES.providerKey,
    CANARIES.webToken,
    CANARIES.bareToken,
    CANARIES.sealed,
  ]) {
    expect((await ask("/v1/responses", token)).status).toBe(401);
    await ask(`/v1/responses?api_key=${token}`, shownOnce.key);
  }
  // What has the shape of a credential is not kept of a path that nobody knows either.
  for (const token of [CANARIES.unknownToken, CANARIES.providerKey, shownOnce.key])
    await ask(`/v1/${token}`, shownOnce.key);
  const session = { session: { type: "realtime", model: "gpt-realtime" } };
  const given = await fetch(`${gateway.origin}/c/env/v1/realtime/client_secrets`, {
    method: "POST",
    headers: { authorization: `Bearer ${shownOnce.key}`, "content-type": "application/json" },
    body: JSON.stringify(session),
  });
  const grant = await given.text();
  expect(createFind(CANARIES)(grant)).toEqual([]);
  shownOnce.clientSecret = z.object({ value: z.string() }).parse(JSON.parse(grant)).value;
  await askRefused(`${gateway.origin}/c/env/v1/realtime`, { token: shownOnce.clientSecret });

  // Shown to the token service, and given by it.
  const pair = await generateKeyPair("ES256", { extractable: true });
  await writeFile(join(folder, "canary.pem"), await exportSPKI(pair.publicKey));
  expect((await command(["service-accounts", "add-key", "canary", "--public-key", "canary.pem"])).code).toBe(
    0,
  );
  const account = { name: "canary", key: shownOnce.key, privateKey: pair.privateKey };
  const { access, secrets } = await askForTokens({
    origin: gateway.origin,
    issuer: people,
    account,
    say: (text) => said.push(text),
  });
  Object.assign(shownOnce, secrets);
  for (const input of Object.values(MODES)) await ask("/v1/responses", access, { model: "gpt-4.1", input });
  for (const token of ["op_active", "op_inactive", "op_broken"]) await ask("/v1/responses", token);
  expect([...(seen.get("introspect") ?? [])].join(" ")).toContain(CANARIES.issuerBasic);
  for (const token of [access, await people.sign({ groups: ["staff"] })])
    await command(["identity", "explain", "--json"], token);

  // Shown to the bundle's source, and to the collector of decisions.
  const status = async (name: string) => JSON.parse((await command([name, "status", "--json"])).stdout);
  const hasProblem = async () => (await status("policy")).problems > 0;
  const sent = new Set<string>();
  for (const mode of SOURCE_MODES) {
    bundles.misbehave((incoming, outgoing) => {
      const all = readSent(incoming);
      sent.add(all);
      mode(all, outgoing);
    });
    await command(["config", "check", "--json"]);
    await command(["doctor", "--json"]);
  }
  await expect.poll(hasProblem, WAIT).toBe(true);
  bundles.misbehave(null);
  expect([...sent]).toEqual([`Bearer ${CANARIES.sourceToken} ${CANARIES.sourceHeader} source`]);
  for (const [name, good, wrong] of [
    ["source-header", CANARIES.sourceHeader, `${CANARIES.sourceHeader}\n${CANARIES.misplaced}`],
    ["source.key", sourceCertificate.key, CANARIES.misplaced],
    ["source.key", sourceCertificate.key, certificate.key],
  ] as const) {
    await writeFile(join(folder, name), wrong);
    await command(["config", "check", "--json"]);
    await command(["doctor", "--json"]);
    await writeFile(join(folder, name), good);
  }
  await command(["policy", "history", "--json"]);
  const isDelivered = async () => (await status("decision-log")).delivered_at !== null;
  await expect.poll(isDelivered, { ...WAIT, timeout: 60_000 }).toBe(true);
  expect(collectorAnswers).toEqual([]);
  expect([...(seen.get("collector") ?? [])]).toEqual([CANARIES.collector]);

  // The key of a listener's certificate: served with, and where another belongs.
  const tls = { TOLLGATE_TLS_CERT: join(folder, "tls.pem"), TOLLGATE_TLS_KEY: join(folder, "tls.key") };
  const swapped = { TOLLGATE_TLS_CERT: tls.TOLLGATE_TLS_KEY, TOLLGATE_TLS_KEY: tls.TOLLGATE_TLS_CERT };
  for (const env of [tls, swapped, { ...tls, TOLLGATE_TLS_CERT: tls.TOLLGATE_TLS_KEY }])
    for (const args of [
      ["config", "check", "--json"],
      ["doctor", "--json"],
    ])
      await command(args, "", env);
  const secure = await startGateway({
    databaseUrl,
    ca: certificate.cert,
    env: { ...ENVIRONMENT, ...tls, TOLLGATE_LOG_LEVEL: "debug", OPENAI_API_KEY: undefined },
    config: () => toConfiguration(),
  });
  await fetch(secure.origin.replace("https:", "http:")).catch((error: unknown) => said.push(String(error)));
  await secure[Symbol.asyncDispose]();
  said.push(secure.log());

  // Misplaced in the configuration.
  for (const key of ["encryption_key", "simulate", "no_such_key"]) {
    await writeFile(join(folder, "wrong.yaml"), JSON.stringify({ [key]: CANARIES.misplaced }));
    await command(["config", "check", "--config", join(folder, "wrong.yaml")]);
  }
  const wrong = [{ name: "x", credential: CANARIES.misplaced, admin_credential: CANARIES.misplaced }];
  await writeFile(
    join(folder, "wrong.yaml"),
    JSON.stringify({
      connections: wrong,
      credentials: { key: CANARIES.misplaced, former_keys: [CANARIES.misplaced] },
      policy: {
        bundle: `https://somebody:${CANARIES.misplaced}@127.0.0.1/b?key=${CANARIES.misplaced}`,
        source: {
          token: CANARIES.misplaced,
          headers: { "x-key": CANARIES.misplaced },
          key: CANARIES.misplaced,
        },
      },
      decision_log: {
        to: `https://somebody:${CANARIES.misplaced}@127.0.0.1/`,
        credential: CANARIES.misplaced,
      },
    }),
  );
  for (const args of [["config", "check"], ["doctor"], ["connections", "list"], ["start"]])
    await command([...args, "--config", join(folder, "wrong.yaml")]);
  for (const name of [
    "TOLLGATE_ENCRYPTION_KEY",
    "TOLLGATE_CREDENTIALS_KEY",
    "CANARY_ENV",
    "TEST_CREDENTIALS_KEY",
  ])
    await command(["config", "check"], "", { [name]: `${CANARIES.misplaced} ${CANARIES.misplaced}` });

  // Shown.
  for (const args of [
    ["config", "check", "--json"],
    ["doctor", "--json"],
    ["connections", "list"],
    ["connections", "list", "--json"],
    ["connections", "history", "--json"],
    ["connections", "test", "sealed"],
    ["connections", "test", "sealed", "--admin"],
    ["connections", "test", "closed"],
    ["connections", "test", "tls", "--json"],
    ["connections", "rewrap"],
    ["service-accounts", "list", "--json"],
    ["tokens", "list", "--json"],
    ["actions", "list", "--json"],
    ["tokens", "revoke", "--subject", "nobody", "--json"],
    ["console", "sessions", "list", "--json"],
    ["sessions", "list", "--json"],
    ["exchanges", "list", "--json"],
    ["incidents", "list", "--json"],
    ["--help"],
  ])
    await command(args);
  const listed = await command(["exchanges", "list", "--json", "--limit", "3"]);
  for (const [id] of listed.stdout.matchAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g))
    await command(["exchanges", "show", id]);
  said.push(await (await fetch(`${gateway.adminOrigin}/metrics`)).text());

  // The console, to somebody who may see all of it.
  const linked = await runInProcess(["console", "link"], {
    env: {
      ...ENVIRONMENT,
      DATABASE_URL: databaseUrl,
      TOLLGATE_ADMIN_LISTEN: new URL(gateway.adminOrigin).host,
    },
    cwd: folder,
  });
  const link = /\/console\/link\/(\S+)/.exec(linked.stdout)?.[1] ?? "";
  const signedIn = await fetch(`${gateway.adminOrigin}/console/link`, {
    method: "POST",
    body: new URLSearchParams({ secret: link }),
    headers: { origin: gateway.adminOrigin, "sec-fetch-site": "same-origin" },
    redirect: "manual",
  });
  expect(signedIn.status).toBe(303);
  const [cookie = ""] = signedIn.headers.getSetCookie().map((one) => one.split(";")[0] ?? "");
  expect(cookie).toContain("session=");
  shownOnce["link"] = link;
  shownOnce["session"] = cookie.slice(cookie.indexOf("=") + 1);
  for (const page of ["", "/callers", "/connections", "/exchanges", "/actions", "/nothing", "/sign-in"]) {
    const answer = await fetch(`${gateway.adminOrigin}/console${page}`, { headers: { cookie } });
    expect(answer.status).toBe(page === "/nothing" ? 404 : 200);
    said.push(await answer.text(), JSON.stringify([...answer.headers]));
  }
  for (const path of ["console/link/x", `console/oidc/x/callback?code=${link}`])
    said.push(await (await fetch(`${gateway.adminOrigin}/${path}`)).text());

  // What is put away after an answer is there as well.
  await expect
    .poll(
      async () => (await database.db.sql`select 1 from connection_health where connection = 'sealed'`).length,
      WAIT,
    )
    .toBe(1);
  const dump = await dumpTables(database.db);
  const log = gateway.log();
  expect(log).toContain("credential_refused");
  expect(dump.get("connection_credentials")).toBeDefined();
  const find = createFind({ ...CANARIES, ...shownOnce });
  for (const [table, rows] of dump) expect([table, find(rows)]).toEqual([table, []]);
  expect(find(log)).toEqual([]);
  for (const text of said) if (find(text).length > 0) expect([find(text), text]).toEqual([]);
  await gateway.stop("SIGABRT");
  expect(find(gateway.log())).toEqual([]);
}, 180_000);

test("a canary would be found", () => {
  const find = createFind(CANARIES);
  expect(find(certificate.key)).toEqual(["tlsKey"]);
  expect(find(sourceCertificate.key)).toEqual(["sourceKey"]);
  expect(find(certificate.cert)).toEqual([]);
  for (const [name, canary] of Object.entries(CANARIES)) {
    expect(find(`before ${canary.slice(3, 20)} after`)).toEqual([name]);
    expect(find(`\\x00${Buffer.from(canary).toString("hex")}ff`)).toEqual([name]);
  }
});
