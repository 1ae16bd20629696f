import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { createSamlProvider, toSamlConfig } from "../../test/fixtures/saml-provider.ts";
import { inspectKeys } from "./inspect-keys.ts";
import type { SamlIssuer } from "./issuers.ts";
import { openSamlIssuers } from "./issuers.ts";
import { readMetadata } from "./metadata.ts";

const provider = createSamlProvider("https://tollgate.example.com/oauth/token");
const { metadata, entityId } = provider;
const read = (text: string) => readMetadata(text, entityId, Date.now());

describe("metadata", () => {
  test("has the signing certificates and the sign-in URL", () => {
    expect(read(metadata)).toEqual({
      certificates: [provider.certificate],
      signInUrl: provider.signInUrl,
    });
  });

  test("is read in one of many entities, with comments between", () => {
    const own = metadata.replace(/^<\?xml[^>]*>/, "").replace(/(<EntityDescriptor)/, "<!-- ours -->$1");
    const other = own.replaceAll(entityId, "https://other.example.com");
    expect(
      read(`<?xml version="1.0"?><EntitiesDescriptor>${other}${own}</EntitiesDescriptor>`),
    ).toMatchObject({
      signInUrl: provider.signInUrl,
    });
  });

  test.each([
    ["another entity", (text: string) => text.replaceAll(entityId, "urn:other"), /no entity/],
    [
      "a certificate for encryption alone",
      (text: string) => text.replace('"signing"', '"encryption"'),
      /no signing/,
    ],
    [
      "a key that isn't RSA",
      (text: string) =>
        text.replace(
          /(<ds:X509Certificate>)[^<]*/,
          `$1${makeCertificate("Elliptic").cert.replaceAll(/-----.*-----|\n/g, "")}`,
        ),
      /no signing/,
    ],
    [
      "an end that is past",
      (text: string) =>
        text.replace("<EntityDescriptor", '<EntityDescriptor validUntil="2020-01-01T00:00:00Z"'),
      /expired/,
    ],
    ["a document type", (text: string) => `<!DOCTYPE x>${text}`, /plain XML/],
  ])("with %s is refused", (_name, alter, words) => {
    const altered = alter(metadata);
    expect(altered).not.toBe(metadata);
    expect(() => read(altered)).toThrow(words);
  });
});

describe("the keys of an issuer", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollgate-saml-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function open(keys: SamlIssuer["config"]["keys"], now: () => number): SamlIssuer["keys"] {
    const [issuer] = openSamlIssuers([{ ...toSamlConfig(provider), keys, sign_in_url: null }], now);
    if (issuer === undefined) throw new Error("There is one issuer.");
    return issuer.keys;
  }

  test("of a file follow it, and the last good ones serve while it is broken", async () => {
    let time = Date.now();
    const path = join(folder, "metadata.xml");
    const keys = open({ from: "file", metadata: path }, () => time);
    await expect(keys()).rejects.toMatchObject({ code: "identity_unavailable" });
    await writeFile(path, metadata);
    time += 10_000;
    expect((await keys()).signInUrl).toBe(provider.signInUrl);
    await writeFile(path, "garbage");
    time += 10_000;
    expect((await keys()).certificates).toHaveLength(1);
    time += 25 * 3_600_000;
    await expect(keys()).rejects.toMatchObject({ code: "identity_unavailable" });
  });

  test("of a URL are fetched once an hour, and a failure isn't tried again at once", async () => {
    let fetches = 0;
    let status = 500;
    let time = Date.now();
    const server = createServer((_request, response) => {
      fetches += 1;
      response.writeHead(status).end(metadata);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const keys = open({ from: "url", metadata: `http://127.0.0.1:${port}/metadata` }, () => time);
    await Promise.all([1, 2, 3].map(() => expect(keys()).rejects.toThrow(/keys can't be had/)));
    await expect(keys()).rejects.toThrow();
    expect(fetches).toBe(1);
    status = 200;
    time += 10_000;
    await Promise.all([keys(), keys()]);
    await keys();
    expect(fetches).toBe(2);
    time += 3_600_000;
    await keys();
    expect(fetches).toBe(3);
    server.closeAllConnections();
    server.close();
  });
});

describe("an issuer's keys", () => {
  const inspect = async (pems: readonly string[], entry: Partial<SamlIssuer["config"]> = {}) => {
    const keys = { from: "certificates", certificates: pems } as const;
    const [issuer] = openSamlIssuers([{ ...toSamlConfig(provider), keys, ...entry }], Date.now);
    if (issuer === undefined) throw new Error("There is one issuer.");
    return inspectKeys(issuer, Date.now());
  };
  const [ended = "", soon = "", later = ""] = [-1, 29, 31].map(
    (days) => makeCertificate("Directory", "rsa", days).cert,
  );

  test.each([
    ["ok", [later]],
    ["warn", [soon]],
    ["fail", [ended]],
    ["warn", [ended, later]],
    ["ok", [soon, later]],
  ])("are %s by when their certificates end", async (status, pems) => {
    const detail = expect.stringMatching(/(?:until|ended) \d{4}-\d\d-\d\d/);
    expect(await inspect(pems)).toMatchObject({ status, detail });
  });

  test("fail where they can't be read, or nobody could sign in", async () => {
    const keys = { from: "file", metadata: "/nowhere/metadata.xml" } as const;
    expect(await inspect([], { keys })).toMatchObject({
      status: "fail",
      detail: expect.stringMatching(/^\/nowhere\/metadata\.xml: ENOENT/),
    });
    const nowhere = { sign_in_url: null, console: { name: "directory" } };
    expect(await inspect([later], nowhere)).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("sign_in_url"),
    });
  });
});
