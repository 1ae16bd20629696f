// What becomes of an answer by its head alone.
import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake } from "../../test/fixtures/fake-context.ts";
import { openAnswer } from "./open-answer.ts";

async function open(status: number, headers: Readonly<Record<string, string>>, body = ""): Promise<Fake> {
  const fake = createFake({ body: { model: "gpt-5", input: "hi" } });
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
    [200, {}],
    [202, { "content-length": "0" }],
    [204, {}],
    [404, { "content-length": "0" }],
    [500, {}],
  ])("passes with status %s where it is empty: %j", async (status, headers) => {
    expect((await open(status, headers)).log).toContain(`head ${status}`);
  });

  test("is refused where it is not", async () => {
    const fake = await open(200, {}, "text");
    expect(fake.log).not.toContain("head 200");
    expect(fake.text()).not.toContain("text");
  });
});

describe("an error that is not JSON", () => {
  test.each([
    [429, { "content-type": "text/plain" }],
    [413, {}],
    [400, { "content-type": "application/problem+json" }],
    [502, { "content-type": "text/html; charset=iso-8859-1" }],
    [503, { "content-type": "application/json" }],
  ])("keeps its status %s and loses its words: %j", async (status, headers) => {
    const fake = await open(status, headers, "go away");
    expect(fake.log).toContain(`head ${status}`);
    expect(JSON.parse(fake.text())).toMatchObject({ error: { code: "target_failed" } });
    expect(fake.text()).not.toContain("away");
    expect(fake.ends[0]).toMatchObject({ outcome: "failed", httpStatus: status });
  });
});

test.each([301, 302, 307, 308])(
  "a redirect (%s) is neither followed nor told where it leads",
  async (status) => {
    const headers = { location: "https://elsewhere.example/", "content-type": "application/json" };
    const fake = await open(status, headers, "{}");
    expect(fake.text()).not.toContain("elsewhere");
    expect(fake.ends[0]).toMatchObject({ errorCode: "answer_type_unexpected", httpStatus: 502 });
  },
);
