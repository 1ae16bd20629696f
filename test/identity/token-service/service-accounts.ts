// Service accounts that prove themselves by a secret or a signature.
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import * as oauth from "openid-client";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { addClientKey } from "../../../db/queries/client-keys.ts";
import { createKey, revokeServiceAccount } from "../../../db/queries/service-accounts.ts";
import { createKeyText, hashKey } from "../../../gateway/identity/key-format.ts";
import { readPublicKey } from "../../../gateway/oauth/public-key.ts";
import { signAnew } from "../../fixtures/sign-anew.ts";
import { describe, expect, test } from "vitest";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeServiceAccounts(service: TokenService): void {
  const { post, ask } = service;

  describe("a service account", () => {
    const configure = (auth: oauth.ClientAuth, id: string): oauth.Configuration => {
      const configuration = new oauth.Configuration(
        { issuer: service.gateway.origin, token_endpoint: `${service.gateway.origin}/oauth/token` },
        id,
        undefined,
        auth,
      );
      oauth.allowInsecureRequests(configuration);
      return configuration;
    };

    test("gets short-lived tokens for its key, which end with the key", async () => {
      const made = await service.gateway.cli(
        "service-accounts",
        "create",
        "nightly",
        "-g",
        "developers",
        "--json",
      );
      const { key } = z.object({ key: z.string() }).parse(JSON.parse(made.stdout));
      const client = configure(oauth.ClientSecretBasic(key), "nightly");
      const { access_token: token } = await oauth.clientCredentialsGrant(client, { scope: "model:gpt-4.1" });
      expect(await ask(token)).toBe("hello");
      const wrong = configure(oauth.ClientSecretBasic(key), "another");
      await expect(oauth.clientCredentialsGrant(wrong, {})).rejects.toMatchObject({ status: 401 });
      await service.gateway.cli("service-accounts", "revoke", "nightly");
      await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
    });

    test("proves itself by a signature instead, and each assertion counts once", async () => {
      await service.gateway.cli("service-accounts", "create", "signer", "-g", "developers");
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      const file = join(service.folder, "signer.pem");
      await writeFile(file, await exportSPKI(publicKey));
      expect(
        await service.gateway.cli("service-accounts", "add-key", "signer", "--public-key", file),
      ).toMatchObject({
        code: 0,
      });
      const client = configure(oauth.PrivateKeyJwt(privateKey), "signer");
      const { access_token: token } = await oauth.clientCredentialsGrant(client, {});
      expect(await ask(token)).toBe("hello");

      const assertion = (claims = {}, lifetime = "60s") =>
        new SignJWT({ iss: "signer", sub: "signer", aud: `${service.gateway.origin}/oauth/token`, ...claims })
          .setProtectedHeader({ alg: "ES256" })
          .setJti(crypto.randomUUID())
          .setIssuedAt()
          .setExpirationTime(lifetime)
          .sign(privateKey);
      const present = (client_assertion: string, more = {}) =>
        post({
          grant_type: "client_credentials",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion,
          ...more,
        });
      const once = await assertion();
      expect((await present(once)).status).toBe(200);
      const refused = { status: 401, body: { error: "invalid_client" } };
      expect(await present(once)).toMatchObject(refused);
      expect(await present(signAnew(once))).toMatchObject(refused);
      expect(await present(`!!.${once.split(".")[1]}.x`)).toMatchObject(refused);
      expect(await present(await assertion({ aud: "https://other.example.com" }))).toMatchObject(refused);
      expect(await present(await assertion({ sub: "nightly" }))).toMatchObject(refused);
      expect(await present(await assertion({}, "1h"))).toMatchObject(refused);
      expect(await present(await assertion({ exp: 1 }, "-1h"))).toMatchObject(refused);
      expect(await present(await assertion(), { client_id: "nightly" })).toMatchObject(refused);
      const other = await generateKeyPair("ES256");
      const forged = configure(oauth.PrivateKeyJwt(other.privateKey), "signer");
      await expect(oauth.clientCredentialsGrant(forged, {})).rejects.toMatchObject({
        error: "invalid_client",
      });
      const shared = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
      const confused = await new SignJWT({
        iss: "signer",
        sub: "signer",
        aud: service.gateway.origin,
        jti: "1",
      })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime("60s")
        .sign(shared);
      expect(await present(confused)).toMatchObject(refused);
    });

    /** An account that proves itself by a public key, made where the command line makes it. */
    async function addSigner(name: string) {
      const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
      const read = await readPublicKey(await exportSPKI(publicKey));
      if ("problem" in read) throw new TypeError(read.problem);
      const create = (groups: readonly string[]) =>
        createKey(service.database.db, {
          tenant: "default",
          name,
          groups,
          createdBy: "test",
          hint: "",
          existing: "refuse",
          hash: randomBytes(32),
          expiresAt: new Date(Date.now() + 3_600_000),
        });
      await create(["developers"]);
      const id = await addClientKey(service.database.db, name, { ...read, createdBy: "test" });
      const client = configure(oauth.PrivateKeyJwt(privateKey), name);
      return { id: id ?? "", create, ask: () => oauth.clientCredentialsGrant(client, {}) };
    }

    test("has no public key left once it was revoked, nor when another is opened under its name", async () => {
      const signer = await addSigner("leaver");
      const { access_token: token } = await signer.ask();
      expect(await ask(token)).toBe("hello");
      await revokeServiceAccount(service.database.db, "leaver");
      await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
      expect(await signer.create(["admins"])).not.toBeNull();
      await expect(signer.ask()).rejects.toMatchObject({ error: "invalid_client" });
    });

    test("loses one public key by its id, with what came of it", async () => {
      const signer = await addSigner("rotated");
      const { access_token: token } = await signer.ask();
      expect(await ask(token)).toBe("hello");
      expect(await revokeServiceAccount(service.database.db, signer.id)).toMatchObject({
        keyIds: [signer.id],
      });
      await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
      await expect(signer.ask()).rejects.toMatchObject({ error: "invalid_client" });
    });

    test("gets no token that outlives its key", async () => {
      const key = createKeyText();
      await createKey(service.database.db, {
        tenant: "default",
        name: "short",
        groups: [],
        createdBy: "test",
        hint: "",
        existing: "refuse",
        hash: hashKey(key),
        expiresAt: new Date(Date.now() + 600_000),
      });
      const client = configure(oauth.ClientSecretPost(key), "short");
      const { expires_in: seconds } = await oauth.clientCredentialsGrant(client, {});
      expect(seconds).toBeLessThanOrEqual(600);
    });

    test("can't register a private key", async () => {
      const { privateKey } = await generateKeyPair("ES256", { extractable: true });
      const file = join(service.folder, "private.json");
      await writeFile(file, JSON.stringify(await exportJWK(privateKey)));
      const { code, stderr } = await service.gateway.cli(
        "service-accounts",
        "add-key",
        "x",
        "--public-key",
        file,
      );
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("private") });
    });
  });
}
