// Chromium for the tests of one file: started once; each visitor has a profile of their own, without scripts.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

const PROGRAM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SHOTS = fileURLToPath(new URL("../../.cache/screenshots", import.meta.url));

/** Opens windows of new visitors. */
export type Visit = (options?: BrowserContextOptions) => Promise<Page>;

/** Starts Chromium for the tests of a file. */
export function useChromium(): Visit {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (!existsSync(PROGRAM))
      throw new Error(`${PROGRAM} isn't there: install Chromium, or name another by CHROMIUM_PATH.`);
    browser = await chromium.launch({ executablePath: PROGRAM, args: FLAGS });
  });
  afterAll(() => browser?.close());
  return async (options = {}) => {
    if (browser === undefined) throw new Error("It is not started.");
    const context = await browser.newContext({ javaScriptEnabled: false, ...options });
    context.setDefaultTimeout(60_000);
    return context.newPage();
  };
}

/** Keeps how a page looks, for people to look at. */
export async function keepLook(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

/** Expects of a page what a reader who can't see it needs: its title, headings in order, a name for all that can be used. */
export async function expectReadable(page: Page, title: string): Promise<void> {
  await expect.poll(() => page.title(), { timeout: 30_000 }).toBe(`${title} · Tollgate`);
  await page.waitForLoadState();
  expect(await page.locator("html").getAttribute("lang")).toBe("en");
  expect(await page.getByRole("main").count()).toBe(1);
  const tree = await page.locator("body").ariaSnapshot();
  const headings = [...tree.matchAll(/- heading "([^"]+)" \[level=(\d)\]/g)];
  expect(headings[0]?.slice(1)).toEqual([title, "1"]);
  const levels = headings.map(([, , level]) => Number(level));
  for (const [index, level] of levels.slice(1).entries()) {
    expect(level).toBeGreaterThan(1);
    expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1);
  }
  const nameless = /- (?:button|columnheader|combobox|link|navigation|region|textbox)(?! ")[^\n]*/;
  expect(nameless.exec(tree)?.[0]).toBeUndefined();
}

/** Says by how many pixels a page is wider than its window. */
export async function readOverflow(page: Page): Promise<number> {
  return page.evaluate<number>(
    "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth",
  );
}

/** Says how light a page is, of 255. */
export async function readShade(page: Page): Promise<number> {
  const colour = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  return Number(/\d+/.exec(colour)?.[0]);
}
