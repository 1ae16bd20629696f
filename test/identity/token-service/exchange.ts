// Token exchange (RFC 8693), and how long what came of a token counts.
import OpenAI from "openai";
import { randomBytes, createHash } from "node:crypto";
import { z } from "zod";
import { revoke } from "../../../db/queries/revocations.ts";
import { revokeTokens } from "../../../db/queries/tokens.ts";
import { toSubjectId } from "../../../gateway/identity/subject-id.ts";
import { describe, expect, test } from "vitest";
import { ACCESS, JWT } from "./set-up.ts";
import type { Answer, TokenService } from "./set-up.ts";

/** Describes it. */
export function describeExchange(service: TokenService): void {
  const { post, exchange, person, getToken, ask } = service;

  describe("token exchange", () => {
    test("gives an opaque token for an issuer's, which works with the client and says who calls", async () => {
      const { body } = await exchange(await person());
      expect(body).toEqual({
        access_token: expect.stringMatching(/^tg_at_[0-9A-Za-z]{39}$/),
        issued_token_type: ACCESS,
        token_type: "Bearer",
        expires_in: 3600,
        scope: "",
      });
      const token = String(body["access_token"]);
      expect(await ask(token)).toBe("hello");
      const rows = await service.database.db.sql<Record<string, unknown>[]>`
      select subject, issuer, groups, caller_kind from exchanges order by at desc limit 1`;
      expect(rows).toEqual([
        {
          subject: "ada",
          issuer: service.people.url,
          groups: ["admins", "developers"],
          caller_kind: "human",
        },
      ]);
      const kept = await service.database.db.sql<{ row: string }[]>`select tokens::text as row from tokens`;
      expect(kept.map(({ row }) => row).join("\n")).not.toContain(token);
      const hash = createHash("sha256").update(token).digest("hex");
      expect(kept.some(({ row }) => row.includes(hash))).toBe(true);
    });

    test("lets a token be narrowed, which policy then holds it to", async () => {
      const token = await getToken({ scope: "model:gpt-4.1 operation:responses.*" });
      expect(await ask(token)).toBe("hello");
      expect(await ask(token, "gpt-4.1-mini")).toBe("scope_exceeded");
      const client = new OpenAI({ baseURL: service.gateway.baseUrl, apiKey: token, maxRetries: 0 });
      await expect(client.models.list()).rejects.toMatchObject({ status: 403, code: "scope_exceeded" });
      const wider = await exchange(token, { subject_token_type: ACCESS, scope: "model:*" });
      expect(wider).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    });

    test("lets an agent act for a person: both are told, and only what both may is allowed", async () => {
      const agent = await service.agents.sign({ sub: "report-writer", groups: ["bots"] });
      const { body } = await exchange(await person(), { actor_token: agent, actor_token_type: JWT });
      const token = String(body["access_token"]);
      expect(await ask(token)).toBe("hello");
      const rows = await service.database.db.sql<Record<string, unknown>[]>`
      select subject, acts_for, caller_kind, groups from exchanges order by at desc limit 1`;
      expect(rows).toEqual([
        { subject: "report-writer", acts_for: "ada", caller_kind: "agent", groups: ["developers"] },
      ]);
      const chain = await exchange(token, {
        subject_token_type: ACCESS,
        actor_token: agent,
        actor_token_type: JWT,
      });
      expect(chain).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    });

    test("ends with the token that asked for it, with its subject, and with itself", async () => {
      const token = await getToken();
      expect(await ask(token)).toBe("hello");
      const ended = await fetch(`${service.gateway.origin}/oauth/token`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${token}` },
      });
      expect(ended.status).toBe(204);
      await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");

      const [other, third] = [await getToken(), await getToken({}, { sub: "rosa" })];
      expect(await ask(other)).toBe("hello");
      expect((await post({ token: other }, {}, "/oauth/revoke")).status).toBe(200);
      expect((await post({ token: "tg_at_unknown" }, {}, "/oauth/revoke")).status).toBe(200);
      await expect.poll(() => ask(other), { timeout: 10_000 }).toBe("token_revoked");
      expect(await ask(third)).toBe("hello");

      const shown = await person({ sub: "rosa" });
      expect(await ask(shown)).toBe("hello");
      const { code, stdout } = await service.gateway.cli("tokens", "revoke", "--subject", "rosa");
      expect({ code, stdout }).toMatchObject({
        code: 0,
        stdout: "Revoked 1 token. What an issuer gave rosa until now counts no more.\n",
      });
      for (const one of [third, shown])
        await expect.poll(() => ask(one), { timeout: 10_000 }).toBe("token_revoked");
      expect(await exchange(shown)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
      const later = { sub: "rosa", iat: Math.floor(Date.now() / 1000) + 60 };
      expect(await ask(await getToken({}, later))).toBe("hello");
    });
  });

  describe("a token that was obtained with another of the gateway's own", () => {
    const renew = (token: string, more = {}) => exchange(token, { subject_token_type: ACCESS, ...more });

    test("ends when that does, so that nobody stays in by renewing", async () => {
      const first = await getToken();
      const end = new Date(Date.now() + 600_000);
      const hash = createHash("sha256").update(first).digest();
      await service.database.db.sql`update tokens set expires_at = ${end.toISOString()} where hash = ${hash}`;
      const { body } = await renew(first, { scope: "offline_access" });
      expect(Number(body["expires_in"])).toBeLessThanOrEqual(600);
      expect(body).not.toHaveProperty("refresh_token");

      const agent = await service.agents.sign({ sub: "report-writer", groups: ["bots"] });
      const delegated = await renew(first, { actor_token: agent, actor_token_type: JWT });
      expect(Number(delegated.body["expires_in"])).toBeLessThanOrEqual(600);
    });

    test("is not exchanged on and on", async () => {
      let token = await getToken();
      const answers: Answer[] = [];
      for (let count = 0; count < 17; count += 1) {
        const answer = await renew(token);
        answers.push(answer);
        const next = answer.body["access_token"];
        if (typeof next === "string") token = next;
      }
      expect(answers.slice(0, 10).every(({ status }) => status === 200)).toBe(true);
      expect(answers.at(-1)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    });
  });

  describe("what came of a token", () => {
    const call = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${service.gateway.baseUrl}/models`, { headers });
      return z.object({ error: z.object({ code: z.string() }) }).parse(await response.json()).error.code;
    };

    test("a client secret too, ends with the first token of all", async () => {
      const token = await getToken({}, { sub: "hedy", jti: "hedy's" });
      const client = new OpenAI({ baseURL: service.gateway.baseUrl, apiKey: token, maxRetries: 0 });
      const { value } = await client.realtime.clientSecrets.create({
        session: { type: "realtime", model: "gpt-realtime" },
      });
      expect(await call(value)).not.toBe("token_revoked");
      const [row] = await service.database.db.sql<{ parents: string[] }[]>`
      select parents from tokens where subject = 'hedy'`;
      await revoke(service.database.db, { kind: "credential", id: row?.parents[0] ?? "" });
      await expect.poll(() => call(value), { timeout: 10_000 }).toBe("token_revoked");
    });

    test("for an agent ends with all of the person's", async () => {
      const agent = await service.agents.sign({ sub: "report-writer", groups: ["bots"] });
      const token = await getToken({ actor_token: agent, actor_token_type: JWT }, { sub: "mary" });
      expect(await ask(token)).toBe("hello");
      expect(
        await revokeTokens(service.database.db, { subject: "mary", issuer: service.agents.url }, "test"),
      ).toBe(0);
      expect(
        await revokeTokens(service.database.db, { subject: "mary", issuer: service.people.url }, "test"),
      ).toBe(1);
      await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");

      const other = await getToken({ actor_token: agent, actor_token_type: JWT }, { sub: "joan" });
      expect(await ask(other)).toBe("hello");
      const person = { tenant: "default", issuer: service.people.url, subject: "joan" };
      await revoke(service.database.db, { kind: "subject", id: toSubjectId(person) });
      await expect.poll(() => ask(other), { timeout: 10_000 }).toBe("token_revoked");
    });

    test("by a refresh at the very moment of its end, ends too", async () => {
      await exchange(await person({ sub: "lise" }), { scope: "offline_access" });
      const { sql } = service.database.db;
      const ended = await sql.begin(async (tx) => {
        await tx`select from tokens where subject = 'lise' and use = 'refresh' for update`;
        const ending = revokeTokens(service.database.db, { subject: "lise", issuer: null }, "test");
        const waits = async () =>
          (await sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%"tokens"%'`)
            .length;
        await expect.poll(waits, { timeout: 4_000 }).toBe(1);
        await tx`insert into tokens select gen_random_uuid(), family, use, ${randomBytes(32)}, tenant, issuer, subject,
        acts_for, caller, parents, grant_type, issued_at, expires_at from tokens
        where subject = 'lise' and use = 'refresh'`;
        return { ending };
      });
      expect(await ended.ending).toBe(3);
    });
  });
}
