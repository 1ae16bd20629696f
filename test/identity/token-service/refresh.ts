// Refresh tokens: rotation, and what a second use ends.
import { describe, expect, test } from "vitest";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeRefresh(service: TokenService): void {
  const { post, exchange, person, ask } = service;

  describe("a refresh token", () => {
    const sign = async () => {
      const { body } = await exchange(await person({ sub: "grace" }), { scope: "offline_access" });
      return { access: String(body["access_token"]), refresh: String(body["refresh_token"]) };
    };
    const refresh = (token: string) => post({ grant_type: "refresh_token", refresh_token: token });

    test("gives the next pair, once; used again it ends all that came of the sign-in", async () => {
      const first = await sign();
      const { status, body } = await refresh(first.refresh);
      expect(status).toBe(200);
      const second = String(body["access_token"]);
      expect(await ask(second)).toBe("hello");
      const again = await refresh(first.refresh);
      expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
      await expect.poll(() => ask(second), { timeout: 10_000 }).toBe("token_revoked");
      expect((await refresh(String(body["refresh_token"]))).status).toBe(400);
      const incidents = () =>
        service.database.db.sql`select subject, detail from incidents where kind = 'refresh_token_reused'`;
      await expect
        .poll(incidents, { timeout: 10_000 })
        .toEqual([{ subject: "grace", detail: { issuer: service.people.url, address: "127.0.0.1" } }]);
    });

    test("is used up by exactly one of many at once", async () => {
      const { refresh: token } = await sign();
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(token)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    test("is none to call with, and none for programs or agents", async () => {
      const { refresh: token } = await sign();
      expect(await ask(token)).toBe("token_invalid");
      const agent = await service.agents.sign({ groups: ["bots"] });
      expect((await exchange(agent, { scope: "offline_access" })).body).not.toHaveProperty("refresh_token");
    });
  });
}
