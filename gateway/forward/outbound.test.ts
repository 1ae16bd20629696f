import { createServer } from "node:http";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDirect } from "../config/no-proxy.ts";
import { readUsualProxy } from "../config/outbound.ts";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { startProxy, startTls } from "../../test/fixtures/proxy.ts";
import type { TestProxy } from "../../test/fixtures/proxy.ts";
import type { GatewayError } from "../errors.ts";
import { createOutbound } from "./outbound.ts";
import type { Outbound, OutboundSettings } from "./outbound.ts";
import { createTarget } from "./target.ts";

const CREDENTIAL = "gateway:p\u00e4ssword-of-the-proxy";
const first = makeCertificate("first");
const second = makeCertificate("second");
const server = createServer((request, response) => response.end(`hello ${request.headers.host}`));
let proxy: TestProxy;
let tls: Awaited<ReturnType<typeof startTls>>;
let port = 0;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  proxy = await startProxy(CREDENTIAL);
  tls = await startTls(first, port);
  proxy.hosts.set("target.hosts.example:80", port);
  proxy.hosts.set("target.hosts.example:443", tls.port);
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await tls?.[Symbol.asyncDispose]();
  server.close();
});

const open = (settings: Partial<OutboundSettings> = {}): Outbound =>
  createOutbound({
    proxy: { url: proxy.url, credential: CREDENTIAL },
    isDirect: createDirect([]),
    ca: null,
    ...settings,
  });

/** Calls a target; gives its answer, or the error. */
async function ask(baseUrl: string, outbound: Outbound): Promise<string | GatewayError> {
  const timeouts = { connect_ms: 10_000, first_byte_ms: 10_000, idle_ms: 10_000 };
  const target = createTarget(baseUrl, timeouts, outbound);
  const answer = await new Promise<string | GatewayError>((resolve) => {
    let text = "";
    target.send(
      { method: "GET", path: "/", headers: [], body: null },
      {
        onHead: () => undefined,
        onData: (chunk) => (text += chunk.toString()),
        onEnd: () => resolve(text),
        onError: resolve,
      },
    );
  });
  await target.close();
  return answer;
}

async function codeOf(baseUrl: string, outbound: Outbound): Promise<unknown> {
  const error = await ask(baseUrl, outbound);
  if (typeof error === "string") return error;
  expect(JSON.stringify([error, String(error), String(error.cause)])).not.toContain("ssword");
  const { cause } = error;
  return [error.code, cause instanceof Error && "code" in cause ? cause.code : null];
}

describe("the way out", () => {
  test("leads through the proxy, to plain targets and, with the target's own TLS, to others", async () => {
    expect(await ask("http://target.hosts.example", open())).toBe("hello target.hosts.example");
    const outbound = open({ ca: first.cert });
    expect(await ask("https://target.hosts.example", outbound)).toBe("hello target.hosts.example");
    const authorization = `Basic ${Buffer.from(CREDENTIAL).toString("base64")}`;
    expect(proxy.asked.slice(-2)).toEqual([
      { authority: "target.hosts.example:80", authorization },
      { authority: "target.hosts.example:443", authorization },
    ]);
  });

  test("trusts no authority that it was not told of, and of a connection's own that alone", async () => {
    const refused = ["target_unreachable", expect.stringMatching(/SELF_SIGNED|UNABLE/)];
    expect(await codeOf("https://target.hosts.example", open())).toEqual(refused);
    expect(await codeOf("https://target.hosts.example", open().trusting(first.cert))).toContain("hello");
    expect(
      await codeOf("https://target.hosts.example", open({ ca: first.cert }).trusting(second.cert)),
    ).toEqual(refused);
    expect(
      await codeOf("https://target.hosts.example", open({ ca: second.cert }).trusting(first.cert)),
    ).toContain("hello");
  });

  test("ends where the proxy says no, and goes never around it", async () => {
    const before = proxy.asked.length;
    expect(await codeOf("https://other.hosts.example", open())).toEqual([
      "target_unreachable",
      "PROXY_REFUSED",
    ]);
    const wrong = open({ proxy: { url: proxy.url, credential: "gateway:wrong-password" } });
    expect(await codeOf("https://target.hosts.example", wrong)).toEqual([
      "target_unreachable",
      "PROXY_REFUSED",
    ]);
    const none = open({ proxy: { url: "http://127.0.0.1:1", credential: null } });
    expect(await codeOf("http://target.hosts.example", none)).toEqual([
      "target_unreachable",
      "PROXY_UNREACHABLE",
    ]);
    expect(proxy.asked.length - before).toBe(2);
  });

  test("leads past the proxy to this machine", async () => {
    const before = proxy.asked.length;
    expect(await ask(`http://127.0.0.1:${port}`, open())).toContain("hello");
    expect(proxy.asked).toHaveLength(before);
  });

  test("is that of every fetch of the process, as long as it is installed", async () => {
    const fetchText = async (url: string) => (await fetch(url)).text();
    {
      using _way = open({ ca: first.cert }).install();
      expect(await fetchText("https://target.hosts.example")).toBe("hello target.hosts.example");
      using _other = open({ proxy: null }).install();
      await expect(fetchText("https://target.hosts.example")).rejects.toThrow("fetch failed");
    }
    await expect(fetchText("https://target.hosts.example")).rejects.toThrow("fetch failed");
  });

  test("needs nothing of its own where there is neither a proxy nor an authority", () => {
    expect(open({ proxy: null }).connector(1)).toBeNull();
  });
});

test.each([
  ["target.example", ["other.example"], false],
  ["target.example", ["target.example"], true],
  ["api.target.example", ["target.example"], true],
  ["api.target.example", [".target.example"], true],
  ["api.target.example", ["*.target.example"], true],
  ["nottarget.example", ["target.example"], false],
  ["TARGET.example.", ["target.example"], true],
  ["target.example", ["target.example:443"], true],
  ["target.example", ["target.example:8443"], false],
  ["target.example", ["*"], true],
  ["10.1.2.3", ["10.0.0.0/8"], true],
  ["11.1.2.3", ["10.0.0.0/8"], false],
  ["2001:db8::1", ["2001:db8::/32"], true],
  ["2001:db8::1", ["[2001:db8::1]:443"], true],
  ["1.2.3.4", ["3.4"], false],
  ["localhost", [], true],
  ["127.0.0.2", [], true],
  ["::1", [], true],
  ["127.0.0.1.example", [], false],
])("%s with no_proxy %j is called directly: %j", (host, entries, isDirect) => {
  expect(createDirect(entries)(host, 443)).toBe(isDirect);
});

test("the usual variables are read, and their credential kept apart", () => {
  const proxyUrl = new URL("http://proxy.example:3128");
  proxyUrl.username = "user";
  proxyUrl.password = "p@ss";
  expect(readUsualProxy({ https_proxy: proxyUrl.href, NO_PROXY: "a.example, b.example" })).toEqual({
    proxy: "http://proxy.example:3128",
    credential: "user:p@ss",
    noProxy: ["a.example", "b.example"],
    expected: null,
  });
  expect(readUsualProxy({ HTTPS_PROXY: "socks5://proxy.example" })).toMatchObject({
    proxy: null,
    expected: expect.stringContaining("http"),
  });
});
