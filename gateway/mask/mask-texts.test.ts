// Recorded texts: as the target was sent them, and nothing refused any more.
import { expect, test } from "vitest";
import { createDetectors } from "../detect/detector.ts";
import type { Effect, Segment } from "../exchange.ts";
import { createMaskAccount } from "./account.ts";
import { createEditor } from "./edits.ts";
import { createMasks } from "./masks.ts";
import { maskText } from "./mask-text.ts";
import { maskTexts } from "./mask-texts.ts";
import { createPlaceholders } from "./placeholders.ts";

const detector = createDetectors()({});
const key = Buffer.alloc(32, 7);
const effects: Effect[] = [
  { code: "m", class: "email", with: "placeholder", restore: ["message"] },
  { code: "m", class: "phone", with: "surrogate" },
  { code: "m", class: "credit_card", with: "block" },
];
const text = "Write to ada.l@example.com or call +49 30 1234567";

function keep(said: string, more: Partial<Segment> = {}): string | undefined {
  const segment: Segment = { pointer: "/input", kind: "message", role: "user", text: said, ...more };
  const placeholders = createPlaceholders(key, "session", []);
  return maskTexts([segment], detector, effects, key, placeholders)[0]?.text;
}

test("a recorded text has the placeholders and surrogates that the target was sent", () => {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(effects);
  const placeholders = createPlaceholders(key, "session", []);
  const editor = createEditor(masks, "request", key, () => undefined, placeholders);
  const sent = maskText(editor, text, detector.scan(text, "message", "request"), "message")?.text;
  expect(sent).toMatch(/^Write to \[EMAIL_[A-Z2-7]{16}\] or call \+49\.00\.\d{7}$/);
  expect(keep(text)).toBe(sent);
  expect(placeholders.kept().map(({ placeholder }) => sent?.includes(placeholder))).toEqual([true]);
});

test("a recorded text of a file has tokens, as the file has", () => {
  const asked: Effect[] = [{ code: "m", class: "email", with: "token" }];
  const segment: Segment = { pointer: "/file", kind: "other", role: "user", text, part: { of: "file" } };
  const [sent] = maskTexts([segment], detector, asked, key, createPlaceholders(key, "session", []));
  const [email] = sent?.text.match(/\[EMAIL_[A-Z2-7]{16}\]/) ?? [];
  expect(email).toBeDefined();
  expect(keep(text, segment)).toContain(email);
});

test("a recorded text of a request that was refused for a value has none of it", () => {
  expect(keep("card 4111 1111 1111 1111")).toBe("card [REDACTED:credit_card]");
});
