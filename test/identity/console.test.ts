// People who sign in to the console of a whole gateway at a real OpenID provider.
import { afterAll, expect, test } from "vitest";
import { useGateway } from "../clients/js/targets.ts";
import { visit } from "../fixtures/form-browser.ts";
import { CONSOLE_CLIENT, createOpenIdProvider } from "../fixtures/openid-provider.ts";

const provider = await createOpenIdProvider();
afterAll(() => provider[Symbol.asyncDispose]());
const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - issuer: ${provider.url}
    audience: tollgate
    group_map: { staff: [developers, audit] }
    console: { client_id: ${CONSOLE_CLIENT.id}, client_secret: "env:CONSOLE_SECRET", name: sso }
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
