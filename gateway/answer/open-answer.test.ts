// What becomes of an answer by its head alone.
import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake } from "../../test/fixtures/fake-context.ts";
import { openAnswer } from "./open-answer.ts";

async function open(status: number, headers: Readonly<Record<string, string>>, body = ""): Promise<Fake> {
  const fake = createFake();
  const answer = openAnswer(fake.context);
  answer.onHead(status, headers);
  if (body !== "") answer.onData(Buffer.from(body));
  answer.onEnd();
  await fake.ended;
  return fake;
}

describe("an answer without a type", () => {
  test.each([
    [200, { "content-length": "0" }],
    [202, { "content-length": "0" }],
    [204, {}],
  ])("passes with status %s where it says that it is empty", async (status, headers) => {
    expect((await open(status, headers)).log).toContain(`head ${status}`);
  });

  test("is refused where it does not say so, or is an error", async () => {
    expect((await open(200, {})).log).not.toContain("head 200");
    expect((await open(200, {}, "text")).text()).not.toContain("text");
    expect((await open(404, { "content-length": "0" })).log).not.toContain("head 404");
  });
});
