// What the command line says of SAML issuers and of what they send; none of it asks a database.
import { Readable } from "node:stream";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { createSamlSite } from "../../test/fixtures/saml-site.ts";
import { runCommandLine } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-saml-"));
const site = await createSamlSite();
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const TOKENS = "https://gateway.example.com/oauth/token";
const ACS = "https://console.example.com/console/saml/directory/acs";

beforeAll(() => configure(`metadata_url: ${site.metadataUrl}`));

function configure(keys: string): void {
  writeFileSync(
    join(folder, "tollgate.yaml"),
    `
public_url: https://gateway.example.com
admin_url: https://console.example.com
simulate: true
saml_issuers:
  - entity_id: ${site.provider.entityId}
    audience: https://tollgate.example.com/saml
    ${keys}
    group_map: { staff: developers }
    console: { name: directory }
`,
  );
}

async function run(args: readonly string[], input = ""): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await runCommandLine([...args], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    env: {},
    cwd: folder,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

test("an assertion for the token endpoint is explained step by step, and is not used up", async () => {
  const groups = ["staff", "other"];
  const xml = await site.provider.assert({ recipient: TOKENS, attributes: { groups } });
  for (const given of [xml, Buffer.from(xml).toString("base64url")]) {
    const { code, out, err } = await run(["identity", "explain"], given);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const steps = ["form", "signature", "audience", "recipient", "times", "subject", "group", "ACCEPTED"];
    for (const step of steps) expect(out).toMatch(new RegExp(`^${step} +\\S`, "m"));
    expect(out).toMatch(/^group +staff: developers$/m);
    expect(out).toMatch(/^group +other: not in group_map/m);
    expect(out).toMatch(/^ACCEPTED +ada, human of .*; groups developers$/m);
  }
});

test("a response is explained from a file, as if it were another moment", async () => {
  const past = { issued: -600, from: -600, until: -300, sessionUntil: 60 };
  const xml = await site.provider.respond({ recipient: ACS, ...past });
  writeFileSync(join(folder, "response.txt"), Buffer.from(xml).toString("base64"));
  const explain = ["identity", "explain", "--file", "response.txt"];
  const late = await run([...explain, "--json"]);
  expect(late.code).toBe(1);
  expect(JSON.parse(late.out)).toMatchObject({ caller: null, refusal: { code: "token_expired" } });
  expect(await run([...explain, "--at", "7m"])).toMatchObject({ code: 0, err: "" });
});

test.each([
  ["another gateway's", { audience: "urn:other" }, "It says: urn:other"],
  [
    "for another address",
    { recipient: "https://other.example.com/acs" },
    "It says: https://other.example.com",
  ],
  ["of another issuer", { issuer: "urn:stranger" }, "It says: urn:stranger"],
])("an assertion that is %s is refused with what it says", async (_what, said, words) => {
  const xml = await site.provider.assert({ recipient: TOKENS, ...said });
  const { code, out, err } = await run(["identity", "explain"], xml);
  expect([code, err]).toEqual([1, expect.stringContaining("The token is refused.")]);
  expect(out).toMatch(/^REFUSED +token_invalid: /m);
  expect(out).toContain(words);
});

test("one that was altered is refused by its signature, and no token is put at another moment", async () => {
  const xml = (await site.provider.assert({ recipient: TOKENS })).replace(">ada<", ">mallory<");
  expect((await run(["identity", "explain"], xml)).out).toMatch(/^REFUSED .*signature is wrong/m);
  const token = await run(["identity", "explain", "a.b.c", "--at", "5m", "--offline"]);
  expect([token.code, token.err]).toEqual([2, expect.stringContaining("Only SAML assertions")]);
});

test("the doctor fetches metadata and says until when its certificates are for; the check fetches nothing", async () => {
  const doctor = async (): Promise<unknown> => {
    const { out } = await run(["doctor", "--json"]);
    const checks: unknown = JSON.parse(out);
    return Array.isArray(checks) ? checks.find(({ name }) => name === "saml directory") : null;
  };
  // The fixture's certificate ends tomorrow.
  expect(await doctor()).toMatchObject({ status: "warn", detail: expect.stringContaining(site.metadataUrl) });
  configure(`metadata_url: ${site.metadataUrl}&none`);
  expect(await doctor()).toMatchObject({ status: "fail", detail: expect.stringContaining("404") });
  expect(await run(["config", "check"])).toMatchObject({ code: 0, err: "" });
});

test("the check of the configuration warns of a certificate that ends soon, and fails where all have ended", async () => {
  const write = (days: number): void => {
    writeFileSync(join(folder, "idp.pem"), makeCertificate("Directory", "rsa", days).cert);
    configure("certificates: [idp.pem]\n    sign_in_url: https://idp.example.com/sso");
  };
  write(20);
  expect(await run(["config", "check"])).toMatchObject({
    code: 0,
    err: expect.stringContaining("warning: "),
  });
  write(-1);
  expect(await run(["config", "check"])).toMatchObject({ code: 2, err: expect.stringContaining("ended ") });
  configure("metadata_file: tollgate.yaml");
  expect(await run(["config", "check"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("plain XML"),
  });
});
