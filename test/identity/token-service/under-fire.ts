// The token service under fire: what an attacker gains by many requests, and what others lose by them.
import { describe, expect, test } from "vitest";
import { createAccessText, createRefreshText } from "../../../gateway/identity/key-format.ts";
import { EXCHANGE, JWT } from "./set-up.ts";
import type { Answer, TokenService } from "./set-up.ts";

/** Describes it. */
export function describeUnderFire(service: TokenService): void {
  const { post, person, exchange, getToken, ask } = service;
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
      const incidents = () =>
        service.database.db.sql`select detail from incidents where kind = 'too_many_failures'`;
      await expect.poll(incidents).toEqual([{ detail: { address: "203.0.113.1", unreported: 0 } }]);
      expect((await exchange(await person())).status).toBe(200);
    });

    test("are counted for all addresses of one subscriber of IPv6", async () => {
      for (let count = 0; count < 120; count += 1) await guess(`2001:db8::${count.toString(16)}`);
      expect((await guess("2001:db8::ffff:ffff")).status).toBe(429);
      expect((await guess("2001:db8:0:1::1")).status).toBe(400);
    });
  });

  test("who shows many tokens to be ended that there are not is guessing", async () => {
    const end = (token: string) => post({ token }, from("203.0.113.3"), "/oauth/revoke");
    const token = await getToken();
    expect((await end(token)).status).toBe(200);
    for (let count = 0; count < 120; count += 1) expect((await end(createAccessText())).status).toBe(200);
    expect(await end(token)).toMatchObject({ status: 429, body: { error: "slow_down" } });
  });

  describe("a subject with as many live tokens as it may have", () => {
    /** Makes copies of one of the subject's tokens, so that it has so many. */
    async function fill(subject: string, most: number): Promise<void> {
      const { sql } = service.database.db;
      const [held] = await sql<{ count: number }[]>`
        select count(*)::int as count from tokens where subject = ${subject} and use = 'access'`;
      await sql`insert into tokens select gen_random_uuid(), family, use, decode(md5(i::text || ${subject}), 'hex'),
        tenant, issuer, subject, acts_for, caller, parents, grant_type, issued_at, expires_at
        from (select * from tokens where subject = ${subject} and use = 'access' limit 1) as one,
        generate_series(1, ${most - (held?.count ?? 0)}) as i`;
    }

    test("gets no further one, by exactly that count, and what it has goes on", async () => {
      const token = await getToken({}, { sub: "emmy" });
      await fill("emmy", 997);
      const asked = await person({ sub: "emmy" });
      const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(asked)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      expect(answers.find(({ status }) => status !== 200)).toMatchObject({
        status: 429,
        body: { error: "slow_down", error_description: expect.stringContaining("as many live tokens") },
      });
      expect(await ask(token)).toBe("hello");
      expect((await exchange(await person({ sub: "sophie" }))).status).toBe(200);
    });

    test("keeps the refresh token for which there was no room", async () => {
      const { body } = await exchange(await person({ sub: "maria" }), { scope: "offline_access" });
      const again = { grant_type: "refresh_token", refresh_token: String(body["refresh_token"]) };
      await fill("maria", 1_000);
      expect((await post(again)).status).toBe(429);
      await service.database.db.sql`delete from tokens where subject = 'maria' and use = 'access'`;
      expect((await post(again)).status).toBe(200);
    });
  });

  test("however many ask, and however slow the database is with them, others are let in", async () => {
    const key = await service.gateway.createKey();
    const { sql } = service.database.db;
    const asking: Promise<Answer>[] = [];
    await sql.begin(async (tx) => {
      await tx`lock table tokens`;
      for (let count = 0; count < 40; count += 1)
        asking.push(post({ grant_type: "refresh_token", refresh_token: createRefreshText() }));
      const waiting = () =>
        sql`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      await expect.poll(async () => (await waiting()).length, { timeout: 10_000 }).toBeGreaterThan(0);
      expect(await ask(key)).toBe("hello");
    });
    for (const { status } of await Promise.all(asking)) expect([400, 503]).toContain(status);
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
