// A gateway with two issuers, people's and agents', and a directory that speaks SAML, and how the token service is asked: what its tests share.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { APIError } from "openai";
import { expect } from "vitest";
import { z } from "zod";
import { createSamlProvider } from "../../fixtures/saml-provider.ts";
import type { SamlProvider } from "../../fixtures/saml-provider.ts";
import { createTestIssuer } from "../../fixtures/test-issuer.ts";
import type { TestIssuer } from "../../fixtures/test-issuer.ts";
import { startGateway } from "../../gateway.ts";
import type { RunningGateway } from "../../gateway.ts";
import { createTestDatabase } from "../../postgres.ts";
import type { TestDatabase } from "../../postgres.ts";

export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const JWT = "urn:ietf:params:oauth:token-type:jwt";
export const ACCESS = "urn:ietf:params:oauth:token-type:access_token";

export type Answer = { readonly status: number; readonly body: Record<string, unknown> };
type Form = Readonly<Record<string, string>>;

/** The token service of a gateway; what it consists of is there between `start` and `stop`. */
export type TokenService = {
  readonly people: TestIssuer;
  readonly agents: TestIssuer;
  readonly directory: SamlProvider;
  readonly database: TestDatabase;
  readonly gateway: RunningGateway;
  /** A folder for files. */
  readonly folder: string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Signs a token of a person's. */
  readonly person: (claims?: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly post: (form: Form | string, headers?: Form, path?: string) => Promise<Answer>;
  readonly exchange: (token: string, more?: Form) => Promise<Answer>;
  /** Gives a token for a person. */
  readonly getToken: (more?: Form, claims?: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Calls with a token; gives the answer's text, or the error's code. */
  readonly ask: (token: string, model?: string) => Promise<string>;
};

type Parts = Pick<TokenService, "people" | "agents" | "directory" | "database" | "gateway" | "folder">;

/** Makes the set-up; nothing runs yet. */
export function createTokenService(): TokenService {
  let held: Parts | null = null;
  const parts = (): Parts => {
    if (held === null) throw new Error("The gateway has not started.");
    return held;
  };

  const person: TokenService["person"] = (claims = {}) =>
    parts().people.sign({ groups: ["staff"], ...claims });

  const post: TokenService["post"] = async (form, headers = {}, path = "/oauth/token") => {
    const body = typeof form === "string" ? form : new URLSearchParams(form).toString();
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const response = await fetch(parts().gateway.origin + path, {
      method: "POST",
      headers: { ...type, ...headers },
      body,
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? {} : z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
    };
  };

  const exchange: TokenService["exchange"] = (token, more = {}) =>
    post({ grant_type: EXCHANGE, subject_token: token, subject_token_type: JWT, ...more });

  return {
    get people() {
      return parts().people;
    },
    get agents() {
      return parts().agents;
    },
    get directory() {
      return parts().directory;
    },
    get database() {
      return parts().database;
    },
    get gateway() {
      return parts().gateway;
    },
    get folder() {
      return parts().folder;
    },
    async start() {
      const folder = await mkdtemp(join(tmpdir(), "tollgate-keys-"));
      const [people, agents] = await Promise.all([createTestIssuer(), createTestIssuer()]);
      const directory = createSamlProvider("https://replaced.example.com");
      await writeFile(join(folder, "directory.xml"), directory.metadata);
      const database = await createTestDatabase();
      const gateway = await startGateway({
        databaseUrl: database.url,
        config: (url) => `
trusted_proxies: [127.0.0.1]
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - { issuer: "${people.url}", audience: tollgate, group_map: { staff: [developers, admins] } }
  - { issuer: "${agents.url}", audience: tollgate, kind: agent, group_map: { bots: [developers, bots] } }
saml_issuers:
  - entity_id: ${directory.entityId}
    metadata_file: ${join(folder, "directory.xml")}
    audience: https://tollgate.example.com/saml
    group_map: { staff: [developers, admins] }
`,
      });
      held = { people, agents, directory, database, gateway, folder };
    },
    async stop() {
      await held?.gateway[Symbol.asyncDispose]();
      await held?.people[Symbol.asyncDispose]();
      await held?.agents[Symbol.asyncDispose]();
      await held?.database[Symbol.asyncDispose]();
      if (held !== null) await rm(held.folder, { recursive: true, force: true });
    },
    person,
    post,
    exchange,
    async getToken(more = {}, claims = {}) {
      const { status, body } = await exchange(await person(claims), more);
      expect(status, JSON.stringify(body)).toBe(200);
      return String(body["access_token"]);
    },
    ask(token, model = "gpt-4.1") {
      const client = new OpenAI({ baseURL: parts().gateway.baseUrl, apiKey: token, maxRetries: 0 });
      return client.responses.create({ model, input: "echo: hello" }).then(
        (answer) => answer.output_text,
        (error: unknown) => (error instanceof APIError ? String(error.code) : String(error)),
      );
    },
  };
}
