// The console in Chromium: people sign in at real providers of OpenID and SAML, look at its pages, change something, and go.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connections } from "../../db/schema.ts";
import { newId } from "../../gateway/new-id.ts";
import { toTarget, useGateway } from "../clients/js/targets.ts";
import { CONSOLE_CLIENT, createOpenIdProvider } from "../fixtures/openid-provider.ts";
import { createSamlSite } from "../fixtures/saml-site.ts";
import { findPort } from "../gateway.ts";
import { expectReadable, keepLook, readOverflow, readShade, useChromium } from "./chromium.ts";

const listen = `127.0.0.1:${await findPort()}`;
const CONSOLE = `http://${listen}/console`;
const provider = await createOpenIdProvider({ console: `http://${listen}` });
// To a browser this is another site than the console's.
const directory = await createSamlSite("localhost");
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});
const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - issuer: ${provider.url}
    audience: tollgate
    group_map: { staff: developers, ada: platform, grace: audit }
    console: { client_id: ${CONSOLE_CLIENT.id}, client_secret: "env:CONSOLE_SECRET", name: sso }
saml_issuers:
  - entity_id: ${directory.provider.entityId}
    audience: https://tollgate.example.com/saml
    metadata_url: ${directory.metadataUrl}
    group_map: { staff: audit }
    console: { name: directory }
console: { roles: { admin: platform, auditor: audit, member: developers } }
`,
  env: { CONSOLE_SECRET: CONSOLE_CLIENT.secret, TOLLGATE_ADMIN_LISTEN: listen },
});
const visit = useChromium();

const PHONE = { width: 360, height: 740 };
const PAGES = ["Home", "Exchanges", "Connections", "Callers", "Admin actions"];

beforeAll(async () => {
  const call = async (name: string, group: string): Promise<unknown> =>
    toTarget(gateway().baseUrl, await gateway().createKey({ name, groups: [group] }))
      .client()
      .responses.create({ model: "gpt-4.1", input: "echo: hello" })
      .catch(() => undefined);
  await call("report-writer", "developers");
  await call("night-shift", "strangers");
  await gateway()
    .database.db.orm.insert(connections)
    .values({
      id: newId(),
      name: "east",
      kind: "openai",
      baseUrl: "https://east.example/v1",
      labels: ["eu"],
      unknownIds: "refuse",
      connectMs: 1000,
      firstByteMs: 1000,
      idleMs: 1000,
      createdBy: "operator:root@here",
    });
});

/** Signs somebody in at the provider, by its pages. */
async function signIn(name: string): Promise<Page> {
  const page = await visit();
  await page.goto(CONSOLE);
  await expectReadable(page, "Sign in");
  await page.getByRole("link", { name: "Sign in with sso" }).click();
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("whatever");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await expectReadable(page, "Home");
  return page;
}

const people = new Map<string, Page>();

/** Opens the console in the browser of somebody who is signed in, or signs in first. */
async function open(name: string): Promise<Page> {
  const known = people.get(name);
  const page = await (known?.context().newPage() ?? signIn(name));
  people.set(name, page);
  if (known !== undefined) await page.goto(CONSOLE);
  await expectReadable(page, "Home");
  return page;
}

const goTo = (page: Page, name: string): Promise<void> =>
  page.getByRole("navigation").getByRole("link", { name }).click();

const readPlaces = (page: Page): Promise<readonly string[]> =>
  page.getByRole("navigation").getByRole("link").allTextContents();

test("an admin reads every page, on a desk by day as on a phone at night", async () => {
  const page = await open("ada");
  expect(await readPlaces(page)).toEqual(PAGES);
  for (const name of [...PAGES, "One exchange"]) {
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.emulateMedia({ colorScheme: "light" });
    if (name === "One exchange") {
      await goTo(page, "Exchanges");
      await page.getByRole("cell").getByRole("link").first().click();
    } else await goTo(page, name);
    await expectReadable(page, name);
    await keepLook(page, `${name}, desk`);
    expect(await readOverflow(page)).toBe(0);
    const day = await readShade(page);
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: "dark" });
    await keepLook(page, `${name}, phone`);
    expect(await readOverflow(page)).toBe(0);
    expect(await readShade(page)).toBeLessThan(day / 3);
  }
});

test("an auditor reads every page and can change nothing, a member reads their own exchanges", async () => {
  const auditor = await open("grace");
  expect(await readPlaces(auditor)).toEqual(PAGES);
  for (const name of ["Connections", "Callers"]) {
    await goTo(auditor, name);
    await expectReadable(auditor, name);
    await keepLook(auditor, `${name}, auditor`);
    expect(await auditor.getByRole("button", { includeHidden: true }).allTextContents()).toEqual([
      "Sign out",
    ]);
  }

  const member = await open("lin");
  expect(await readPlaces(member)).toEqual(["Home", "Exchanges"]);
  await goTo(member, "Exchanges");
  await expectReadable(member, "Your exchanges");
  await keepLook(member, "Exchanges, member");
  expect(await member.getByText("No exchange fits.").isVisible()).toBe(true);
  await member.goto(`${CONSOLE}/callers`);
  await expectReadable(member, "Not allowed");
  await keepLook(member, "Not allowed");
});

test("an admin withdraws an account by a form that carries its session's token, and is written down", async () => {
  const page = await open("ada");
  await goTo(page, "Callers");
  const row = page.getByRole("row", { name: "report-writer" });
  await row.getByText("Withdraw…").click();
  await page.evaluate("for (const { elements } of document.forms) elements.csrf.value += 'x'");
  await row.getByRole("button", { name: "Withdraw report-writer" }).click();
  await expectReadable(page, "Not done");

  await page.goto(`${CONSOLE}/callers`);
  expect(await row.textContent()).toContain("active");
  await row.getByText("Withdraw…").click();
  await keepLook(page, "Callers, second look");
  await row.getByRole("button", { name: "Withdraw report-writer" }).click();
  await expect.poll(() => row.textContent()).toContain("revoked");
  await goTo(page, "Admin actions");
  const done = page.getByRole("row", { name: "service_account.revoke" });
  expect(await done.textContent()).toContain(`ada of ${provider.url}`);
});

test("a form on another site changes nothing", async () => {
  const page = await open("ada");
  await page.route("http://other.example/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${CONSOLE}/connections/east/disable"><button>Win</button></form>`,
    }),
  );
  await page.goto("http://other.example/");
  await page.getByRole("button", { name: "Win" }).click();
  await expectReadable(page, "Not done");
  await page.goto(`${CONSOLE}/connections`);
  expect(await page.getByRole("row", { name: "east" }).textContent()).toContain("open");
});

test("keys alone lead through a page, and it shows where they are", async () => {
  const page = await open("ada");
  await goTo(page, "Callers");
  await expectReadable(page, "Callers");
  const reached: string[] = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const [name, text, outline] = await page.evaluate<readonly [string, string, string]>(
      "((one) => [one.tagName, one.textContent.trim(), getComputedStyle(one).outline])(document.activeElement)",
    );
    if (name === "BODY") break;
    expect(outline).toMatch(/ solid 2px$/);
    reached.push(text);
  }
  expect(reached.slice(0, 7)).toEqual(["Tollgate", ...PAGES, "Sign out"]);
  expect(reached).toContain("Withdraw…");
  await page.locator("summary").last().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await keepLook(page, "Callers, by keys");
  expect(await page.locator(":focus").textContent()).toBe("End this session");
});

test("a person signs in at a SAML provider of another site; its answer counts once, and in their browser alone", async () => {
  const page = await visit();
  await page.goto(CONSOLE);
  await page.getByRole("link", { name: "Sign in with directory" }).click();
  const goOn = (at: Page): Promise<void> => at.getByRole("button", { name: "Continue as ada" }).click();
  await page.getByRole("button", { name: "Continue as ada" }).waitFor();
  const stranger = await visit();
  await stranger.goto(page.url());
  await goOn(stranger);
  await expectReadable(stranger, "Not signed in");
  await keepLook(stranger, "Not signed in");
  await stranger.goto(CONSOLE);
  await expectReadable(stranger, "Sign in");

  await goOn(page);
  await expectReadable(page, "Home");
  const told = await page.getByRole("definition").allTextContents();
  expect(told.slice(0, 3)).toEqual(["ada", `${directory.provider.entityId}, tenant default`, "auditor"]);
  await page.goBack();
  await goOn(page);
  await expectReadable(page, "Not signed in");
});

test("who signs out is out, whatever the browser remembers", async () => {
  const page = await signIn("lin");
  await goTo(page, "Exchanges");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expectReadable(page, "Sign in");
  await keepLook(page, "Sign in");
  await page.goBack();
  await expectReadable(page, "Sign in");
});

test("a session that nobody used is over", async () => {
  const page = await open("lin");
  await gateway().database.db
    .sql`update console_sessions set seen_at = now() - interval '31 minutes' where subject = 'lin'`;
  await goTo(page, "Exchanges");
  await expectReadable(page, "Sign in");
});

test("who signs out at the provider is out of the page that stands open", async () => {
  const page = await signIn("ada");
  const other = await page.context().newPage();
  await other.goto(`${provider.url}/session/end`);
  await other.getByRole("button", { name: "Yes, sign me out" }).click();
  await other.getByText("Sign-out Success").waitFor();
  await goTo(page, "Exchanges");
  await expectReadable(page, "Sign in");
});
