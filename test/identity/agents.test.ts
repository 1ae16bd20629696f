// Agents as callers through a whole gateway: what they are offered and call, who began what they do, and with whom they end.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { listActions } from "../../db/queries/admin-actions.ts";
import { findClientAccount } from "../../db/queries/client-keys.ts";
import { revoke } from "../../db/queries/revocations.ts";
import { revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { addTokens } from "../../db/queries/tokens.ts";
import { readProfile } from "../../gateway/cli/account-profile.ts";
import type { ProfileOptions } from "../../gateway/cli/account-profile.ts";
import { issueKey } from "../../gateway/cli/service-accounts.ts";
import { toSubjectId } from "../../gateway/identity/subject-id.ts";
import { issueTokens } from "../../gateway/oauth/issue-tokens.ts";
import { createTestIssuer } from "../fixtures/test-issuer.ts";
import type { TestIssuer } from "../fixtures/test-issuer.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const WAIT = { timeout: 10_000 };
const TOKEN_TYPE = "urn:ietf:params:oauth:token-type:";
const AGENT = { agent: "writer", agent_purpose: "writes the weekly report", agent_tools: "look_up" };
const POLICY = {
  lists: {
    models_by_initiator: [{ model: "o3*", initiators: ["person"] }],
    token_lives: [{ at_most_s: 600, kinds: ["agent"] }],
  },
};

let folder: string;
let people: TestIssuer;
let jobs: TestIssuer;
let rogue: Server;
let database: TestDatabase;
let gateway: RunningGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-agents-"));
  await writeFile(join(folder, "operator.json"), JSON.stringify(POLICY));
  [people, jobs, database] = await Promise.all([
    createTestIssuer(),
    createTestIssuer(),
    createTestDatabase(),
  ]);
  // It calls a tool that nobody offered it.
  let answers = 0;
  rogue = createServer((incoming, outgoing) => {
    incoming.resume();
    answers += 1;
    const call = {
      type: "function_call",
      id: "fc_1",
      call_id: "call_1",
      name: "wire_money",
      arguments: "{}",
    };
    outgoing.writeHead(200, { "content-type": "application/json" });
    outgoing.end(
      JSON.stringify({
        id: `resp_rogue_${answers}`,
        object: "response",
        status: "completed",
        output: [call],
      }),
    );
  });
  rogue.listen(0, "127.0.0.1");
  await once(rogue, "listening");
  const { port } = z.object({ port: z.number() }).parse(rogue.address());
  gateway = await startGateway({
    databaseUrl: database.url,
    config: (url) => `
policy: { operator: "${join(folder, "operator.json")}" }
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true }
  - { name: rogue, base_url: "http://127.0.0.1:${port}/v1", credential: "env:OPENAI_API_KEY" }
issuers:
  - { issuer: "${people.url}", audience: tollgate, group_map: { staff: [developers, research] } }
  - issuer: "${jobs.url}"
    audience: tollgate
    kind: ci
    group_map: { app: developers }
    initiator_by: { claim: event_name, map: { schedule: schedule, workflow_dispatch: person } }
`,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  rogue?.close();
  await people?.[Symbol.asyncDispose]();
  await jobs?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const person = (claims = {}) => people.sign({ groups: ["staff"], ...claims });

async function grant(form: Record<string, string>) {
  const body = new URLSearchParams(form);
  const response = await fetch(`${gateway.origin}/oauth/token`, { method: "POST", body });
  return z.record(z.string(), z.unknown()).parse(await response.json());
}

function exchange(token: string, more: Record<string, string> = {}) {
  const isOurs = token.startsWith("tg_");
  return grant({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: TOKEN_TYPE + (isOurs ? "access_token" : "jwt"),
    ...more,
  });
}

async function mint(token: string, more: Record<string, string> = {}): Promise<string> {
  const answer = await exchange(token, { ...AGENT, ...more });
  expect(answer).toMatchObject({ access_token: expect.any(String) });
  return String(answer["access_token"]);
}

async function register(name: string, options: ProfileOptions): Promise<string> {
  const issued = await issueKey(database.db, {
    tenant: "default",
    name,
    groups: ["developers"],
    ttlMs: 3_600_000,
    existing: "refuse",
    profile: readProfile(options),
  });
  return issued?.key ?? "";
}

const offer = (...names: readonly string[]) =>
  names.map((name) => ({ type: "function" as const, name, parameters: {}, strict: false }));

/** Asks with the client, and gives what came of it: the text, or the code of the refusal. */
function ask(token: string, more: { model?: string; tools?: readonly string[]; path?: string } = {}) {
  const baseURL = `${gateway.origin}${more.path ?? ""}/v1`;
  const client = new OpenAI({
    baseURL,
    apiKey: token,
    maxRetries: 0,
    defaultHeaders: { "x-tollgate-initiator": "person" },
  });
  const tools = offer(...(more.tools ?? []));
  return client.responses.create({ model: more.model ?? "gpt-4.1", input: "echo: hello", tools }).then(
    ({ output }) => JSON.stringify(output),
    (error: unknown) => (error instanceof APIError ? String(error.code) : String(error)),
  );
}

async function readLast(subject: string) {
  const [row] = await database.db.sql<{ facts: unknown }[]>`
    select facts from exchanges where subject = ${subject} order by id desc limit 1`;
  return z.object({ caller: z.record(z.string(), z.unknown()) }).parse(row?.facts).caller;
}

describe("a registered agent", () => {
  test("is known by its owner, purpose, tools and attributes, and keeps to its tools", async () => {
    const key = await register("reporter", {
      kind: "agent",
      owner: "ada",
      purpose: "writes reports",
      tool: ["look_*"],
      attribute: new Map([["team", "finance"]]),
    });
    expect(await ask(key, { tools: ["look_up"] })).toContain("hello");
    expect(await readLast("reporter")).toMatchObject({
      kind: "agent",
      agent: { name: "reporter", owner: "ada", purpose: "writes reports", tools: ["look_*"] },
      claims: { team: "finance" },
      initiator: "agent",
    });
    expect(await ask(key, { tools: ["look_up", "send_mail"] })).toBe("agent_tool_not_allowed");
    const service = await register("plain", {});
    expect(await ask(service, { tools: ["look_up", "send_mail"] })).toContain("hello");
  });

  test("is not given the call of another tool, whoever makes it up", async () => {
    const key = await register("careful", {
      kind: "agent",
      owner: "ada",
      purpose: "tests",
      tool: ["look_up"],
    });
    const answer = await ask(key, { path: "/c/rogue", tools: ["look_up"] });
    expect(answer).toContain("agent_tool_not_allowed");
    expect(answer).not.toContain("function_call");
    expect(await ask(await register("other", {}), { path: "/c/rogue" })).toContain("function_call");
  });

  test("stays one where it asks for a short-lived token, and mints no other", async () => {
    const key = await register("lasting", { kind: "agent", owner: "ada", purpose: "tests" });
    const { access_token: token } = await exchange(key);
    expect(await ask(String(token))).toContain("hello");
    expect(await ask(String(token), { tools: ["look_up"] })).toBe("agent_tool_not_allowed");
    expect(await exchange(key, AGENT)).toMatchObject({ error: "invalid_grant" });
  });
});

describe("a registered agent whose owner ends", () => {
  const profile = (owner: string) => ({ kind: "agent", owner, purpose: "tests" }) as const;
  const ended = z.object({ ended_agents: z.array(z.string()) });

  test("ends with it, and so do its own agents, its tokens and its public keys, whatever the owner is", async () => {
    await register("chief", {});
    const keys = [
      await register("helper", profile("chief")),
      await register("helpers-helper", profile("helper")),
    ];
    const bystander = await register("bystander", profile("chiefs"));
    const { access_token: token } = await exchange(keys[0] ?? "");
    for (const one of [...keys, String(token), bystander]) expect(await ask(one)).toContain("hello");
    const { stdout } = await gateway.cli("service-accounts", "revoke", "chief", "--json");
    expect(ended.parse(JSON.parse(stdout)).ended_agents).toEqual(["helper", "helpers-helper"]);
    for (const one of [...keys, String(token)]) await expect.poll(() => ask(one), WAIT).toBe("token_revoked");
    expect(await ask(bystander)).toContain("hello");
    expect(await findClientAccount(database.db, "helper")).toBeNull();
    expect(await listActions(database.db, { area: "service_account", object: "helper" }, 1)).toMatchObject([
      { actor: expect.stringMatching(/^operator:/), detail: { with_owner: "chief" } },
    ]);

    const reader = await register("reader", profile("nel"));
    expect(await ask(reader)).toContain("hello");
    const revoked = await gateway.cli("tokens", "revoke", "--subject", "nel", "--json");
    expect(JSON.parse(revoked.stdout)).toEqual({ revoked: 0, ended_agents: ["reader"] });
    await expect.poll(() => ask(reader), WAIT).toBe("token_revoked");
    expect((await gateway.cli("service-accounts", "list")).stdout).toMatch(/reader +agent .*revoked/);
  });
});

describe("an agent that its owner's session mints", () => {
  test("is another caller, with the owner's name and fewer rights", async () => {
    const subject = `writer of ada at ${people.url}`;
    const token = await mint(await person(), { agent_groups: "developers", scope: "model:gpt-4.1" });
    expect(await ask(token, { tools: ["look_up"] })).toContain("hello");
    expect(await readLast(subject)).toMatchObject({
      issuer: "tollgate",
      kind: "agent",
      groups: ["developers"],
      scopes: ["model:gpt-4.1"],
      acts_for: "ada",
      agent: { name: "writer", owner: "ada", purpose: "writes the weekly report", tools: ["look_up"] },
    });
    expect(await ask(token, { tools: ["send_mail"] })).toBe("agent_tool_not_allowed");
    expect(await ask(token, { model: "gpt-4.1-mini" })).toBe("scope_exceeded");
    expect(await exchange(token, AGENT)).toMatchObject({ error: "invalid_grant" });
    expect(await exchange(await person(), { ...AGENT, agent_groups: "admins" })).toMatchObject({
      error: "invalid_request",
    });
  });

  test("lives no longer than what its owner showed", async () => {
    const exp = Math.floor(Date.now() / 1000) + 300;
    const answer = await exchange(await person({ exp }), AGENT);
    expect(Number(answer["expires_in"])).toBeLessThanOrEqual(300);
    expect(answer).not.toHaveProperty("refresh_token");
  });

  test("lives as long as policy lets agents, which is shorter than persons' tokens do", async () => {
    expect(await exchange(await person())).toMatchObject({ expires_in: 3600 });
    const exp = Math.floor(Date.now() / 1000) + 7200;
    expect(await exchange(await person({ exp }), AGENT)).toMatchObject({ expires_in: 600 });
  });

  test("is minted by a service with its key too, and ends with that; by no agent, and by no refresh token", async () => {
    const client = { grant_type: "client_credentials", client_id: "sender" };
    const key = await register("sender", {});
    const answer = await grant({ ...client, client_secret: key, ...AGENT });
    const token = String(answer["access_token"]);
    expect(await ask(token, { tools: ["send_mail"] })).toBe("agent_tool_not_allowed");
    expect(await readLast("writer of sender at tollgate")).toMatchObject({
      kind: "agent",
      acts_for: "sender",
      agent: { name: "writer", owner: "sender", tools: ["look_up"] },
    });
    await revokeServiceAccount(database.db, "sender");
    await expect.poll(() => ask(token), WAIT).toBe("token_revoked");

    const agent = await register("sole", { kind: "agent", owner: "ada", purpose: "tests" });
    const asked = { ...client, client_id: "sole", client_secret: agent, ...AGENT };
    expect(await grant(asked)).toMatchObject({ error: "invalid_grant" });
    const { refresh_token: refresh } = await exchange(await person(), { scope: "offline_access" });
    const again = { grant_type: "refresh_token", refresh_token: String(refresh) };
    expect(await grant({ ...again, ...AGENT })).toMatchObject({ error: "invalid_request" });
    expect(await grant(again)).toMatchObject({ access_token: expect.any(String) });
  });

  test("counts towards how many its owner may have, whatever its name", async () => {
    const owner = { tenant: "default", issuer: people.url, subject: "kept" };
    const add = (name: string, id: typeof owner) => {
      const caller = { ...owner, kind: "agent", groups: [], scopes: [], claims: {} } as const;
      const agent = { name, owner: id.subject, purpose: "tests", tools: [] };
      const { rows } = issueTokens(
        {
          caller: { ...caller, subject: name, actsFor: id.subject, agent, initiator: "person" },
          parents: [toSubjectId(id)],
          grantType: "token-exchange",
          family: null,
          refreshUntil: null,
          until: null,
        },
        { access_s: 600, refresh_s: 600 },
        Date.now(),
      );
      return addTokens(database.db, rows, 2);
    };
    expect([await add("a", owner), await add("b", owner), await add("c", owner)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await add("c", { ...owner, issuer: jobs.url })).toBe(true);
  });

  test("ends with its owner: with the token that was shown, with all of its tokens, with the subject", async () => {
    const session = String((await exchange(await person({ sub: "lise" })))["access_token"]);
    const first = await mint(session);
    expect(await ask(first)).toContain("hello");
    await fetch(`${gateway.origin}/oauth/token`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${session}` },
    });
    await expect.poll(() => ask(first), WAIT).toBe("token_revoked");

    const second = await mint(await person({ sub: "mary" }));
    expect(await ask(second)).toContain("hello");
    expect((await gateway.cli("tokens", "revoke", "--subject", "mary", "--issuer", people.url)).code).toBe(0);
    expect(await listActions(database.db, { area: "token", object: "mary" }, 10)).toMatchObject([
      { actor: expect.stringMatching(/^operator:/), action: "token.revoke", detail: { tokens: 1 } },
    ]);
    await expect.poll(() => ask(second), WAIT).toBe("token_revoked");

    const third = await mint(await person({ sub: "joan" }));
    expect(await ask(third)).toContain("hello");
    const owner = { tenant: "default", issuer: people.url, subject: "joan" };
    await revoke(database.db, { kind: "subject", id: toSubjectId(owner) });
    await expect.poll(() => ask(third), WAIT).toBe("token_revoked");
    expect(await exchange(await person({ sub: "joan" }), AGENT)).toMatchObject({ error: "invalid_grant" });
  });
});

describe("a model that is for what a person began", () => {
  const useIt = (token: string) => ask(token, { model: "o3" });

  test("is had by a person, and by an agent that the person sent", async () => {
    expect(await useIt(await person())).toContain("hello");
    expect(await useIt(await mint(await person()))).toContain("hello");
    const dispatched = await jobs.sign({ sub: "job", groups: ["app"], event_name: "workflow_dispatch" });
    expect(await useIt(dispatched)).toContain("hello");
    expect(await useIt(await register("desk", { initiator: "person" }))).toContain("hello");
  });

  test("is had by nothing else, whatever it says of itself", async () => {
    const refused = "initiator_not_allowed";
    const scheduled = await jobs.sign({ sub: "job", groups: ["app"], event_name: "schedule" });
    expect(await useIt(scheduled)).toBe(refused);
    expect(await readLast("job")).toMatchObject({ kind: "ci", initiator: "schedule" });
    expect(await useIt(String((await exchange(scheduled))["access_token"]))).toBe(refused);
    expect(await useIt(await jobs.sign({ sub: "job", groups: ["app"], initiator: "person" }))).toBe(refused);
    expect(await useIt(await mint(scheduled))).toBe(refused);
    expect(await useIt(await register("nightly", { initiator: "schedule" }))).toBe(refused);
    const alone = await register("alone", { kind: "agent", owner: "ada", purpose: "tests" });
    expect(await useIt(alone)).toBe(refused);
    expect(await ask(alone)).toContain("hello");
  });
});
