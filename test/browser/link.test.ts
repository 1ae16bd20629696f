// The first way into the console, in Chromium: a one-time link, while no issuer is configured.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { useGateway } from "../clients/js/targets.ts";
import { expectReadable, keepLook, useChromium } from "./chromium.ts";

const gateway = useGateway();
const visit = useChromium();

test("a link signs in one browser, once, with its role; whoever comes later is refused, each time", async () => {
  const { code, stdout } = await gateway().cli("console", "link", "--role", "reviewer");
  expect(code).toBe(0);
  const follow = async (page: Page): Promise<void> => {
    await page.goto(stdout.trim());
    await expectReadable(page, "One-time link");
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  const page = await visit();
  await follow(page);
  await expectReadable(page, "Home");
  expect(await page.getByRole("definition").allTextContents()).toContain("reviewer");

  const late = await visit();
  for (const _time of [1, 2]) {
    await follow(late);
    await expectReadable(late, "The link doesn't count");
  }
  await keepLook(late, "Link, used");
  await late.getByRole("link", { name: "Back to the console" }).click();
  await expectReadable(late, "Sign in");
  await keepLook(late, "Sign in, without an issuer");

  // Nor does it count for whoever came first, who stays in.
  await follow(page);
  await expectReadable(page, "The link doesn't count");
  await page.getByRole("link", { name: "Back to the console" }).click();
  await expectReadable(page, "Home");
});
