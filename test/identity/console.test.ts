// People who sign in to the console of a whole gateway at a real OpenID provider, or a real one of SAML.
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { revoke } from "../../db/queries/revocations.ts";
import { toSubjectId } from "../../gateway/identity/subject-id.ts";
import { useGateway } from "../clients/js/targets.ts";
import { visit } from "../fixtures/form-browser.ts";
import { CONSOLE_CLIENT, createOpenIdProvider } from "../fixtures/openid-provider.ts";
import { createSamlSite } from "../fixtures/saml-site.ts";
import type { SamlForm } from "../fixtures/saml-site.ts";

const provider = await createOpenIdProvider();
const site = await createSamlSite();
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});
const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - issuer: ${provider.url}
    audience: tollgate
    group_map: { staff: [developers, audit] }
    console: { client_id: ${CONSOLE_CLIENT.id}, client_secret: "env:CONSOLE_SECRET", name: sso }
saml_issuers:
  - entity_id: ${site.provider.entityId}
    audience: https://tollgate.example.com/saml
    metadata_url: ${site.metadataUrl}
    group_map: { staff: [developers, audit] }
    console: { name: directory }
console: { roles: { auditor: audit } }
`,
  env: { CONSOLE_SECRET: CONSOLE_CLIENT.secret },
});
const HOME = /<dt>Roles<\/dt>/;

test("a person signs in at the provider, has the role of their group, and is written down", async () => {
  const cookies = new Map<string, string>();
  const { adminOrigin, database } = gateway();
  const home = await visit(`${adminOrigin}/console/oidc/sso`, { end: HOME, cookies });
  expect(home).toMatch(/<dd>ada<\/dd>/);
  expect(home).toMatch(/<dd>auditor<\/dd>/);
  const actions = await visit(`${adminOrigin}/console/actions`, { end: /<table/, cookies });
  expect(actions).toContain(`ada of ${provider.url}`);
  const kept = await database.db.sql<
    { row: string }[]
  >`select console_sessions::text as row from console_sessions`;
  expect(kept).toHaveLength(1);
  for (const [name, value] of cookies)
    if (name.startsWith("__Host-")) expect(kept[0]?.row).not.toContain(value);
});

test("an answer of the provider's counts once, and in the browser that began alone", async () => {
  const { adminOrigin } = gateway();
  const begun = await fetch(`${adminOrigin}/console/oidc/sso`, { redirect: "manual" });
  const state = new URL(begun.headers.get("location") ?? "").searchParams.get("state");
  const callback = `${adminOrigin}/console/oidc/sso/callback?code=made-up&state=${state}`;
  const cookie = begun.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  expect((await fetch(callback, { redirect: "manual" })).status).toBe(401);
  const refused = await fetch(callback, { redirect: "manual", headers: { cookie } });
  expect(refused.status).toBe(401);
  expect(await refused.text()).toContain("didn&#39;t sign you in");
});

describe("at a SAML provider", () => {
  beforeEach(() => site.say({}));

  type Begun = { readonly cookie: string; readonly form: SamlForm };

  /** Goes from the console to the provider's page. */
  async function begin(): Promise<Begun> {
    const begun = await fetch(`${gateway().adminOrigin}/console/saml/directory`, { redirect: "manual" });
    const cookie = begun.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return { cookie, form: await site.answer(new URL(begun.headers.get("location") ?? "")) };
  }

  /** Sends what the page has, as another site's form. */
  async function send({ cookie, form }: Begun): Promise<{ status: number; text: string; session: string }> {
    const answer = await fetch(form.action, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams(form.fields),
      headers: { origin: new URL(site.metadataUrl).origin, "sec-fetch-site": "cross-site", cookie },
    });
    const set = answer.headers.getSetCookie().find((one) => one.startsWith("__Host-tollgate-session="));
    return { status: answer.status, text: await answer.text(), session: set?.split(";")[0] ?? "" };
  }

  const see = async (session: string): Promise<number> => {
    const headers = { cookie: session };
    return (await fetch(`${gateway().adminOrigin}/console`, { redirect: "manual", headers })).status;
  };

  const toBase64 = (xml: string): string => Buffer.from(xml).toString("base64");
  const toXml = ({ fields }: SamlForm): string =>
    Buffer.from(fields["SAMLResponse"] ?? "", "base64").toString();

  /** Gives what is on record of an incident of that reason. */
  async function findIncident(reason: string): Promise<unknown> {
    const { sql } = gateway().database.db;
    return vi.waitFor(async () => {
      const [found] = await sql<{ detail: unknown }[]>`
        select detail from incidents where kind = 'saml_assertion_refused' and detail->>'reason' = ${reason}`;
      if (found === undefined) throw new Error("There is no such incident yet.");
      return found.detail;
    }, 30_000);
  }

  test("a person signs in, has the role of their group, and is out when the subject is revoked", async () => {
    const cookies = new Map<string, string>();
    const { adminOrigin, database } = gateway();
    const page = await visit(`${adminOrigin}/console/sign-in`, { cookies });
    expect(page).toContain("/console/saml/directory");
    const home = await visit(`${adminOrigin}/console/saml/directory`, { end: HOME, cookies });
    expect(home).toMatch(/<dd>ada<\/dd>/);
    expect(home).toMatch(/<dd>auditor<\/dd>/);
    const { entityId } = site.provider;
    expect(await visit(`${adminOrigin}/console/actions`, { end: /<table/, cookies })).toContain(
      `ada of ${entityId}`,
    );

    site.say({ nameId: "leaver" });
    const { session } = await send(await begin());
    expect(await see(session)).toBe(200);
    const subject = { tenant: "default", issuer: entityId, subject: "leaver" };
    await revoke(database.db, { kind: "subject", id: toSubjectId(subject) });
    expect(await see(session)).toBe(303);
    expect((await send(await begin())).status).toBe(401);
  });

  test("an answer counts once, in the browser that began, and to what it asked", async () => {
    const [one, other] = [await begin(), await begin()];
    const nobody = { status: 401, session: "" };
    expect(await send({ ...one, cookie: "" })).toMatchObject(nobody);
    expect(await send({ ...one, cookie: other.cookie })).toMatchObject(nobody);
    const { RelayState: state = "" } = other.form.fields;
    const turned = { ...one.form, fields: { ...one.form.fields, RelayState: state } };
    expect(await send({ cookie: one.cookie, form: turned })).toMatchObject(nobody);
    // A stolen answer in the thief's own sign-in.
    expect(await send({ cookie: other.cookie, form: turned })).toMatchObject(nobody);
    expect(await findIncident("request")).toMatchObject({ address: "127.0.0.1" });
    expect((await send(one)).status).toBe(303);
    const again = await send(one);
    expect(again).toMatchObject(nobody);
    expect(again.text).toContain("it was used before");
    expect(await findIncident("replayed")).toMatchObject({ address: "127.0.0.1" });
  });

  const ALTERED: readonly (readonly [what: string, reason: string, alter: (xml: string) => string])[] = [
    ["names another person", "signature", (xml) => xml.replace(">ada<", ">mallory<")],
    ["lost its signature", "unsigned", (xml) => xml.replace(/<ds:Signature .*<\/ds:Signature>/s, "")],
  ];
  test.each(ALTERED)(
    "an answer that %s signs nobody in, and is an incident",
    async (_what, reason, alter) => {
      const { cookie, form } = await begin();
      const fields = { ...form.fields, SAMLResponse: toBase64(alter(toXml(form))) };
      expect(await send({ cookie, form: { ...form, fields } })).toMatchObject({ status: 401, session: "" });
      expect(await findIncident(reason)).toMatchObject({ address: "127.0.0.1" });
    },
  );

  test.each([
    ["is past", { until: -60, from: -90, issued: -90 }, "it has expired"],
    ["is for another gateway", { audience: "urn:other" }, "audience doesn"],
    ["is of a session that has ended", { sessionUntil: -120 }, "it has expired"],
  ])("an answer that %s signs nobody in, and the page says why", async (_what, said, words) => {
    site.say(said);
    const answer = await send(await begin());
    expect(answer).toMatchObject({ status: 401, session: "" });
    expect(answer.text).toContain(words);
    expect(answer.text).toContain("Begin again");
  });

  test("the session ends no later than the provider's, and the provider reads what the console is", async () => {
    const { adminOrigin, database } = gateway();
    site.say({ nameId: "grace", sessionUntil: 1_800 });
    expect(await see((await send(await begin())).session)).toBe(200);
    const [row] = await database.db.sql<{ life: number }[]>`
      select extract(epoch from expires_at - started_at)::int as life from console_sessions where subject = 'grace'`;
    expect(row?.life).toBeLessThanOrEqual(1_800);
    const metadata = await fetch(`${adminOrigin}/console/saml/directory/metadata`);
    expect(await metadata.text()).toContain(`Location="${adminOrigin}/console/saml/directory/acs"`);
  });
});
