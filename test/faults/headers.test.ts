// Headers that stand twice are refused before the target hears of them; keys of two callers never meet there.
import { beforeAll, describe, expect, test } from "vitest";
import { request } from "undici";
import { z } from "zod";
import { useGateway } from "../clients/js/targets.ts";

const gateway = useGateway({
  config: (url) => `
connections:
  - { name: main, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true }
  - { name: billed, base_url: "${url}", credential: "env:OPENAI_API_KEY", openai: { organization: org-1, project: proj_1 } }
`,
});
let key = "";
let other = "";
beforeAll(async () => {
  key = await gateway().createKey({ name: "one" });
  other = await gateway().createKey({ name: "other" });
});

const errorBody = z.object({ error: z.object({ code: z.string() }) });
const BODY = JSON.stringify({ model: "gpt-4.1", input: "Say hello." });

/** Sends a flat list of headers as it is. */
async function send(
  headers: readonly string[],
  path = "/v1",
): Promise<{ status: number; code: string | null }> {
  const { statusCode, body } = await request(`${gateway().origin}${path}/responses`, {
    method: "POST",
    headers: [...headers],
    body: BODY,
  });
  const answer: unknown = await body.json();
  return { status: statusCode, code: statusCode === 200 ? null : errorBody.parse(answer).error.code };
}

const json = ["content-type", "application/json"];
const mine = (): string[] => ["authorization", `Bearer ${key}`];

describe("a request", () => {
  test("with several credentials is refused, whichever comes first", async () => {
    const before = gateway().upstream.requests().length;
    const forged = ["Authorization", "Bearer forged"];
    for (const pair of [
      [...mine(), ...forged],
      [...forged, ...mine()],
      [...mine(), ...mine()],
    ]) {
      expect(await send([...json, ...pair])).toEqual({ status: 401, code: "token_invalid" });
    }
    expect(gateway().upstream.requests()).toHaveLength(before);
  });

  test.each([
    ["Content-Type", "multipart/form-data; boundary=x"],
    ["Content-Type", "application/json"],
    ["X-Stainless-Lang", "js"],
  ])("with two of %s is refused: %s", async (name, value) => {
    const before = gateway().upstream.requests().length;
    const headers = [...mine(), ...json, "x-stainless-lang", "js", name, value];
    expect(await send(headers)).toEqual({ status: 400, code: "header_repeated" });
    expect(gateway().upstream.requests()).toHaveLength(before);
  });

  test.each([
    ["/v1", undefined, undefined],
    ["/c/billed/v1", "org-1", "proj_1"],
  ])(
    "counts for the account of its connection %s, whatever it says itself",
    async (path, organization, project) => {
      const claimed = ["OpenAI-Organization", "org-claimed", "openai-project", "proj_claimed"];
      expect(await send([...mine(), ...json, ...claimed], path)).toEqual({ status: 200, code: null });
      const sent = gateway().upstream.requests().at(-1)?.headers;
      expect([sent?.["openai-organization"], sent?.["openai-project"]]).toEqual([organization, project]);
    },
  );

  test("tells policy which betas it asks for, and the target too", async () => {
    const answer = await fetch(`${gateway().baseUrl}/responses?beta=true`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "openai-beta": "responses=v1",
      },
      body: BODY,
    });
    const id = answer.headers.get("x-tollgate-exchange-id") ?? "";
    const [row] = await gateway().database.db
      .sql`select facts -> 'request' as request from exchanges where id = ${id}`;
    expect(row?.["request"]).toMatchObject({ betas: ["responses=v1"], beta: true });
    expect(gateway().upstream.requests().at(-1)?.headers["openai-beta"]).toBe("responses=v1");
  });

  test("sends an idempotency key that no other caller can send", async () => {
    const seen: unknown[] = [];
    for (const [token, idempotencyKey] of [
      [key, "k"],
      [key, "k"],
      [other, "k"],
      [key, "l"],
    ] as const) {
      const headers = ["authorization", `Bearer ${token}`, ...json, "idempotency-key", idempotencyKey];
      expect(await send(headers)).toEqual({ status: 200, code: null });
      const sent = gateway().upstream.requests().at(-1)?.headers;
      expect(sent?.["content-type"]).toBe("application/json");
      seen.push(sent?.["idempotency-key"]);
    }
    const [first, again, others, another] = seen;
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(again).toBe(first);
    expect(new Set([first, others, another]).size).toBe(3);
  });
});
