import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startBundleServer } from "../../test/fixtures/bundle-server.ts";
import type { BundleServer } from "../../test/fixtures/bundle-server.ts";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { createOutbound } from "../forward/outbound.ts";
import { createHttpSource } from "./http-source.ts";
import type { HttpSourceDeps } from "./http-source.ts";
import type { BundleSource } from "./source.ts";

let plain: BundleServer;
let holding: BundleServer;
let other: BundleServer;
beforeAll(async () => {
  [plain, holding, other] = await Promise.all([
    startBundleServer(),
    startBundleServer({ holds: true }),
    startBundleServer(),
  ]);
});
afterEach(() => {
  for (const server of [plain, holding, other]) server.misbehave(null);
});
afterAll(async () => {
  for (const server of [plain, holding, other]) await server?.[Symbol.asyncDispose]();
});

const outbound = createOutbound({ proxy: null, isDirect: () => true, ca: null });
const SECRETS: Readonly<Record<string, string>> = { "env:TOKEN": "s3cret-token", "env:KEY": "k3y" };

function open(
  server: BundleServer,
  deps: Partial<HttpSourceDeps["source"] & HttpSourceDeps["limits"]> = {},
): BundleSource {
  const { bytes, silenceMs, answerMs, quickMs, ...source } = deps;
  return createHttpSource({
    source: { headers: {}, poll_s: 30, wait_s: 60, authorities: null, url: server.url, ...source },
    outbound,
    follow: (reference) => ({ value: SECRETS[reference] ?? "" }),
    limits: {
      ...(bytes !== undefined && { bytes }),
      ...(silenceMs !== undefined && { silenceMs }),
      ...(answerMs !== undefined && { answerMs }),
      ...(quickMs !== undefined && { quickMs }),
    },
  });
}

const ask = (source: BundleSource, mayWait = true) =>
  source.ask({ mayWait, signal: new AbortController().signal });
const lastHeaders = (server: BundleServer) => server.asked.at(-1)?.headers ?? {};

test("it is asked with its etag, and 304 stands for the bundle of before", async () => {
  const bytes = randomBytes(5000);
  plain.publish(bytes);
  const source = open(plain);
  expect(await ask(source)).toEqual({ bytes, pauseMs: 30_000 });
  expect(lastHeaders(plain)).toMatchObject({ prefer: "modes=snapshot", "accept-encoding": "gzip, identity" });
  expect(lastHeaders(plain)["if-none-match"]).toBeUndefined();
  expect(await ask(source)).toEqual({ bytes: null, pauseMs: 30_000 });
  plain.publish(randomBytes(10));
  expect((await ask(source)).bytes).toHaveLength(10);
  source.forget();
  expect((await ask(source)).bytes).toHaveLength(10);
});

test("it is asked to wait only once it has said that it does, and then answers as soon as there is something new", async () => {
  holding.publish(Buffer.from("one"));
  const source = open(holding);
  expect(await ask(source)).toEqual({ bytes: Buffer.from("one"), pauseMs: 0 });
  expect(lastHeaders(holding)["prefer"]).toBe("modes=snapshot");
  const waiting = ask(source);
  await expect.poll(() => lastHeaders(holding)["prefer"]).toBe("modes=snapshot;wait=60");
  holding.publish(Buffer.from("two"));
  expect((await waiting).bytes).toEqual(Buffer.from("two"));
  expect((await ask(source, false)).bytes).toBeNull();
  expect(lastHeaders(holding)["prefer"]).toBe("modes=snapshot");
});

test("a server that says that it waits and answers at once is not asked without end", async () => {
  holding.publish(Buffer.from("one"));
  const source = open(holding, { quickMs: 60_000 });
  await ask(source);
  // Two bundles one after the other are no reason to leave it alone.
  const second = ask(source);
  holding.publish(Buffer.from("two"));
  expect(await second).toEqual({ bytes: Buffer.from("two"), pauseMs: 200 });
  holding.misbehave((_, response) =>
    response.writeHead(304, { "content-type": "application/vnd.openpolicyagent.bundles" }).end(),
  );
  expect((await ask(source)).pauseMs).toBe(30_000);
});

test("token and headers go to the source, and to nobody that it redirects to", async () => {
  other.publish(Buffer.from("elsewhere"));
  plain.misbehave((_, response) => response.writeHead(302, { location: "/bundles/other" }).end());
  const source = open(plain, { token: "env:TOKEN", headers: { "x-key": "env:KEY" } });
  await expect(ask(source)).rejects.toThrow("redirects more than 5 times");
  expect(plain.asked.slice(-6).map(({ headers }) => [headers.authorization, headers["x-key"]])).toEqual(
    Array.from({ length: 6 }, () => ["Bearer s3cret-token", "k3y"]),
  );
  plain.misbehave((_, response) => response.writeHead(302, { location: other.url }).end());
  await expect(ask(source)).rejects.toThrow("redirects to what is no https URL");
  expect(other.asked).toHaveLength(0);
});

test("certificate, token and headers go to no other port of the source's machine, and not back by one", async () => {
  const { cert, key } = makeCertificate("both");
  const tls = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false };
  await using own = await startBundleServer({ tls });
  await using neighbour = await startBundleServer({ tls });
  const shown: string[] = [];
  const note = (place: string, request: IncomingMessage): void => {
    const { socket, headers } = request;
    const isShown = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0;
    shown.push(`${place} certificate ${isShown} token ${headers.authorization !== undefined}`);
  };
  own.misbehave((request, response) => {
    note(`own ${request.url === "/back"}`, request);
    response.writeHead(request.url === "/back" ? 500 : 302, { location: neighbour.url }).end();
  });
  neighbour.misbehave((request, response) => {
    note("neighbour", request);
    response.writeHead(302, { location: new URL("/back", own.url).href }).end();
  });
  const files: Readonly<Record<string, string>> = { "file:cert": cert, "file:key": key, "env:TOKEN": "t" };
  const source = createHttpSource({
    source: {
      url: own.url,
      token: "env:TOKEN",
      headers: {},
      certificate: "file:cert",
      key: "file:key",
      poll_s: 30,
      wait_s: 60,
      authorities: cert,
    },
    outbound,
    follow: (reference) => ({ value: files[reference] ?? "" }),
  });
  await expect(ask(source)).rejects.toThrow("status 500");
  expect(shown).toEqual([
    "own false certificate true token true",
    "neighbour certificate false token false",
    "own true certificate true token false",
  ]);
});

test("an answer in gzip is unzipped, within the limit", async () => {
  const bytes = Buffer.alloc(50_000, 7);
  plain.misbehave((_, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(bytes)),
  );
  expect((await ask(open(plain))).bytes).toEqual(bytes);
  await expect(ask(open(plain, { bytes: 49_999 }))).rejects.toThrow("no gzip of at most 49999 bytes");
});

type Wrong = (request: IncomingMessage, response: ServerResponse) => void;
const WRONG: readonly (readonly [string, Wrong, string])[] = [
  ["fails", (_, response) => response.writeHead(500).end("a secret"), "answers with status 500"],
  ["wants something else", (_, response) => response.writeHead(401).end(), "answers with status 401"],
  [
    "breaks off",
    (_, response) =>
      void response.writeHead(200, { "content-length": 10 }).write("half", () => response.destroy()),
    "can't be reached",
  ],
  [
    "lies about its length",
    (_, response) => response.writeHead(200, { "content-length": 5000 }).end(Buffer.alloc(5000)),
    "longer than 1000 bytes",
  ],
  ["never ends", (_, response) => flood(response), "longer than 1000 bytes"],
  ["says nothing", () => undefined, "can't be reached (UND_ERR_HEADERS_TIMEOUT)"],
  [
    "goes silent",
    (_, response) => void response.writeHead(200).write("begun"),
    "can't be reached (UND_ERR_BODY_TIMEOUT)",
  ],
  ["knows what it never gave", (_, response) => response.writeHead(304).end(), "of what it never gave"],
  [
    "speaks in tongues",
    (_, response) => response.writeHead(200, { "content-encoding": "br" }).end("x"),
    "an encoding that was not asked for",
  ],
  [
    "redirects nowhere",
    (_, response) => response.writeHead(302, { location: "http://[" }).end(),
    "redirects to no URL",
  ],
  ["hangs up", (request) => request.socket.destroy(), "can't be reached (UND_ERR_SOCKET)"],
];

function flood(response: ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(500), () => setImmediate(more));
  };
  more();
}

test.each(WRONG)(
  "a source that %s is told by what it did, and nothing of what it said",
  async (_, wrong, reason) => {
    plain.misbehave(wrong);
    const source = open(plain, { bytes: 1000, silenceMs: 400, token: "env:TOKEN" });
    const error = await ask(source).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: "SourceError" });
    expect(String(error)).toContain(reason);
    expect(String(error)).toContain(plain.url);
    expect(String(error)).not.toMatch(/secret|s3cret/);
  },
);

test("an etag that no server may send is not sent back", async () => {
  plain.misbehave((_, response) => response.writeHead(200, { etag: "not quoted" }).end("bytes"));
  const source = open(plain);
  await ask(source);
  await ask(source);
  expect(lastHeaders(plain)["if-none-match"]).toBeUndefined();
});

test("the same etag for other bytes gives those bytes", async () => {
  plain.misbehave((_, response) => response.writeHead(200, { etag: '"same"' }).end(randomBytes(8)));
  const source = open(plain);
  const first = await ask(source);
  expect((await ask(source)).bytes).not.toEqual(first.bytes);
});
