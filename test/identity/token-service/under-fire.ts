// The token service under fire: what an attacker gains by many requests, and what others lose by them.
import { describe, expect, test } from "vitest";
import { EXCHANGE, JWT } from "./set-up.ts";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeUnderFire(service: TokenService): void {
  const { post, person, exchange } = service;
  const from = (address: string) => ({ "x-forwarded-for": `10.0.0.1, ${address}` });

  describe("failed requests", () => {
    const guess = (address: string) =>
      post({ grant_type: "refresh_token", refresh_token: "tg_rt_guess" }, from(address));

    test("are counted by the address that a trusted proxy tells, whatever the client says of itself", async () => {
      for (let count = 0; count < 120; count += 1) {
        const own = `198.51.100.${count}, 203.0.113.1`;
        expect((await guess(own)).status).toBe(400);
      }
      expect(await guess("203.0.113.1")).toMatchObject({ status: 429, body: { error: "slow_down" } });
      expect((await guess("203.0.113.2")).status).toBe(400);
      expect((await exchange(await person())).status).toBe(200);
    });

    test("are counted for all addresses of one subscriber of IPv6", async () => {
      for (let count = 0; count < 120; count += 1) await guess(`2001:db8::${count.toString(16)}`);
      expect((await guess("2001:db8::ffff:ffff")).status).toBe(429);
      expect((await guess("2001:db8:0:1::1")).status).toBe(400);
    });
  });

  test("a provider's key that is shown is recorded with the address that it came from", async () => {
    const shown = {
      grant_type: EXCHANGE,
      subject_token: ["sk", "proj", "shown"].join("-"),
      subject_token_type: JWT,
    };
    await post(shown, from("203.0.113.7"));
    const rows = () =>
      service.database.db.sql`select detail ->> 'address' as address from incidents
        where kind = 'provider_key_presented'`;
    await expect.poll(rows).toEqual([{ address: "203.0.113.7" }]);
  });
}
