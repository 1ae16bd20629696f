// Exchanging SAML assertions, and what of them is refused.
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { revoke } from "../../../db/queries/revocations.ts";
import { createFailures } from "../../../gateway/identity/failures.ts";
import { toSubjectId } from "../../../gateway/identity/subject-id.ts";
import { createSilentLog } from "../../../gateway/log.ts";
import { openTokenService } from "../../../gateway/oauth/token-service.ts";
import { toSamlConfig } from "../../fixtures/saml-provider.ts";
import type { Said } from "../../fixtures/saml-provider.ts";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeSaml(service: TokenService): void {
  const { post, exchange, ask } = service;

  describe("a SAML assertion", () => {
    const BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer";
    const SAML = "urn:ietf:params:oauth:token-type:saml2";
    const encode = (xml: string): string => Buffer.from(xml).toString("base64url");
    const assertion = async (said: Said = {}): Promise<string> =>
      encode(await service.directory.assert({ recipient: `${service.gateway.origin}/oauth/token`, ...said }));

    test("gives a token, by the grant of its own and by token exchange", async () => {
      const granted = await post({
        grant_type: BEARER,
        assertion: await assertion(),
        scope: "model:gpt-4.1",
      });
      expect(granted).toMatchObject({ status: 200, body: { scope: "model:gpt-4.1", token_type: "Bearer" } });
      expect(await ask(String(granted.body["access_token"]))).toBe("hello");
      const rows = await service.database.db.sql<Record<string, unknown>[]>`
        select subject, issuer, groups, caller_kind from exchanges order by at desc limit 1`;
      expect(rows).toEqual([
        {
          subject: "ada",
          issuer: service.directory.entityId,
          groups: ["admins", "developers"],
          caller_kind: "human",
        },
      ]);
      const exchanged = await exchange(await assertion(), {
        subject_token_type: SAML,
        scope: "offline_access",
      });
      expect(exchanged.body["refresh_token"]).toMatch(/^tg_rt_/);
      expect(await ask(String(exchanged.body["access_token"]))).toBe("hello");
    });

    test("mints an agent where one is asked for, and is good for this gateway alone", async () => {
      const form = { grant_type: BEARER, agent: "reporter", agent_purpose: "writes reports" };
      const minted = await post({ ...form, assertion: await assertion() });
      expect(await ask(String(minted.body["access_token"]))).toBe("hello");
      const rows = await service.database.db.sql<Record<string, unknown>[]>`
        select subject, caller_kind from exchanges order by at desc limit 1`;
      expect(rows).toEqual([
        { subject: `reporter of ada at ${service.directory.entityId}`, caller_kind: "agent" },
      ]);
      const elsewhere = { ...form, assertion: await assertion(), resource: "https://other.example.com" };
      expect(await post(elsewhere)).toMatchObject({ status: 400, body: { error: "invalid_target" } });
    });

    test("counts once, with all gateways of a database together", async () => {
      const services = [1, 2].map(() =>
        openTokenService({
          db: service.database.db,
          createCheck: () => () => Promise.reject(new Error("Nothing else is checked.")),
          publicUrl: () => service.gateway.origin,
          lifetimes: { access_s: 60, refresh_s: 60, per_subject: 10 },
          longest: () => 60,
          toSender: () => ({ address: () => "127.0.0.1", certificate: () => null }),
          failures: createFailures(() => undefined, Date.now),
          samlIssuers: [toSamlConfig(service.directory)],
          logins: [],
          onReuse: () => undefined,
          onSamlAttack: () => undefined,
          log: createSilentLog(),
        }),
      );
      const body = new URLSearchParams({ grant_type: BEARER, assertion: await assertion() }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const incoming = new IncomingMessage(new Socket());
      const answers = await Promise.all(
        services.map(async (one) =>
          one.request("http://gateway/oauth/token", { method: "POST", headers, body }, { incoming }),
        ),
      );
      expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 400]);
      expect(await post(body)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    });

    test("that was altered gives nothing, is not echoed, and is an incident", async () => {
      const xml = await service.directory.assert({ recipient: `${service.gateway.origin}/oauth/token` });
      const { status, body } = await post({
        grant_type: BEARER,
        assertion: encode(xml.replace(">ada<", ">mallory<")),
      });
      expect({ status, body }).toEqual({
        status: 400,
        body: {
          error: "invalid_grant",
          error_description: expect.stringMatching(/^The assertion isn't accepted: .*signature is wrong/),
        },
      });
      await vi.waitFor(async () => {
        const rows = await service.database.db.sql<{ detail: unknown }[]>`
          select detail from incidents where kind = 'saml_assertion_refused' order by at desc limit 1`;
        expect(rows).toMatchObject([{ detail: { reason: "signature", address: "127.0.0.1" } }]);
      }, 30_000);
      expect(service.gateway.log()).not.toContain("mallory");
    });

    test("ends with its subject, and what came of it too", async () => {
      const { body } = await post({ grant_type: BEARER, assertion: await assertion({ nameId: "leaver" }) });
      const token = String(body["access_token"]);
      expect(await ask(token)).toBe("hello");
      const subject = { tenant: "default", issuer: service.directory.entityId, subject: "leaver" };
      await revoke(service.database.db, { kind: "subject", id: toSubjectId(subject) });
      await vi.waitFor(async () => expect(await ask(token)).toBe("token_revoked"), 30_000);
      const again = await post({ grant_type: BEARER, assertion: await assertion({ nameId: "leaver" }) });
      expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    });

    test.each([
      ["another address", { recipient: "https://tollgate.example.com/console/saml/acs" }, /recipient/],
      ["nobody any more", { until: -60, from: -90, issued: -90 }, /expired/],
      ["another audience", { audience: "urn:other" }, /audience/],
    ])("that was made for %s gives nothing", async (_name, said, words) => {
      const { status, body } = await post({ grant_type: BEARER, assertion: await assertion(said) });
      expect(status).toBe(400);
      expect(body["error_description"]).toMatch(words);
    });
  });
}
