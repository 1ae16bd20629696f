// Of several masks for a class the strictest counts, and a value comes back only where all of them let it.
import { describe, expect, test } from "vitest";
import type { Effect } from "../exchange.ts";
import { createMaskAccount } from "./account.ts";
import { createEditor } from "./edits.ts";
import { maskText } from "./mask-text.ts";
import { createMasks } from "./masks.ts";

function open(...effects: readonly Omit<Effect, "code">[]) {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(effects.map((effect) => ({ code: "m", ...effect })));
  return masks;
}

describe("masks", () => {
  test("of which several are for a class: the strictest counts, in whichever order they come", () => {
    const some: Omit<Effect, "code">[] = [
      { class: "email", with: "last4" },
      { class: "email", with: "token" },
      { class: "email" },
      { class: "email", with: "detect" },
      { class: "phone", with: "block" },
    ];
    for (const effects of [some, some.toReversed()])
      expect(open(...effects).look("email", "message", "request")?.operator).toBe("redact");
    expect(open({ class: "email", with: "detect" }).pick("email", "message", "request")).toBeNull();
  });

  test("hold for their direction and their kinds of text alone", () => {
    const masks = open({ class: "email", direction: "answer", kinds: ["message"] });
    expect(masks.pick("email", "message", "answer")).not.toBeNull();
    expect(masks.pick("email", "message", "request")).toBeNull();
    expect(masks.pick("email", "tool_arguments", "answer")).toBeNull();
    expect([masks.applies("answer"), masks.applies("request")]).toEqual([true, false]);
  });

  test("let a value come back where each placeholder of its class says so, and a secret never", () => {
    const back: Omit<Effect, "code"> = { class: "email", with: "placeholder", restore: ["message"] };
    expect(open(back).restored("message")).toEqual(["email"]);
    expect(open(back).restored("tool_arguments")).toEqual([]);
    expect(open(back, { class: "email", with: "placeholder" }).restored("message")).toEqual([]);
    expect(open(back, { ...back, class: "secret" }).restored("message")).toEqual(["email"]);
    expect(open({ ...back, class: "secret" }).restores()).toBe(false);
  });

  test("that need the whole value redact one that is too long to be kept", () => {
    for (const [length, shown] of [
      [4096, /^\[EMAIL_[A-Z2-7]{16}\]$/],
      [4097, /^\[REDACTED:email\]$/],
    ] as const) {
      const masks = open({ class: "email", with: "token" });
      const editor = createEditor(masks, "request", Buffer.alloc(32), () => undefined);
      const found = [{ id: "email", class: "email", start: 0, end: length }];
      expect(maskText(editor, "x".repeat(length), found, "message")?.text).toMatch(shown);
    }
  });
});
