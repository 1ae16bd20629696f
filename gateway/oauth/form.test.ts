import { expect, test } from "vitest";
import { readForm } from "./form.ts";

function send(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Request {
  return new Request("http://127.0.0.1/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new ReadableStream({ pull }),
    duplex: "half",
  });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a form is read, however it is cut, and what is empty is absent", async () => {
  const pieces = ["grant_type=a%2", "0b&scope", "=&x=1"];
  const form = await readForm(
    send((controller) => {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(bytes(piece));
    }),
  );
  expect([...form]).toEqual([
    ["grant_type", "a b"],
    ["x", "1"],
  ]);
});

test.each([
  ["does not arrive in time", () => undefined, /did not arrive in time/],
  ["breaks off", (c: ReadableStreamDefaultController) => c.error(new Error("reset")), /broke off/],
  [
    "has no end",
    (c: ReadableStreamDefaultController) => c.enqueue(bytes("a".repeat(8192))),
    /longer than 64 KiB/,
  ],
])("a body that %s is refused", async (_name, pull, words) => {
  await expect(readForm(send(pull), 50)).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringMatching(words),
  });
});
