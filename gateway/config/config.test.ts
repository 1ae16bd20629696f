import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { loadConfig } from "./config.ts";
import type { Loaded } from "./config.ts";
import { ConfigError } from "./problems.ts";
import type { Environment } from "./secrets.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(yaml: string | null, env: Environment = {}, flags = {}): Loaded {
  const file = yaml === null ? null : join(folder, "given.yaml");
  if (file !== null) writeFileSync(file, yaml ?? "");
  return loadConfig({ file, env, flags, cwd: folder });
}

function findProblems(yaml: string | null, env: Environment = {}): string[] {
  try {
    load(yaml, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, line, expected }) => `${line ?? "-"} ${path}: ${expected}`);
  }
}

const KEY = Buffer.alloc(32, 7).toString("base64");
const OWN_DATABASE = {
  DATABASE_URL: "postgres://user:pass@db/tollgate",
  TOLLGATE_ENCRYPTION_KEY: "env:THE_KEY",
  THE_KEY: KEY,
};

describe("what is configured", () => {
  test("is complete without a file and without variables", () => {
    const { config, secrets } = load(null);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.adminListen).toEqual({ host: "127.0.0.1", port: 8081 });
    expect(config.stateDir).toBe(join(folder, ".tollgate"));
    expect(config.database.embedded).toBe(true);
    expect(config.limits.request_bytes).toBe(32 * 1024 * 1024);
    expect(secrets.databaseUrl).toBeNull();
  });

  test("comes from the command line before the environment before the file", () => {
    const yaml = "listen: 127.0.0.1:1\nworkers: 2\nlog: {level: error, format: json}\n";
    const env = { TOLLGATE_LISTEN: "127.0.0.1:2", TOLLGATE_WORKERS: "3", OPENAI_API_KEY: "sk-test" };
    const { config } = load(yaml, env, { workers: 4 });
    expect([config.listen.port, config.workers, config.log.level]).toEqual([2, 4, "error"]);
  });

  test("never holds a secret in what may be logged", () => {
    const { config, secrets } = load(null, { ...OWN_DATABASE, OPENAI_API_KEY: "sk-very-secret" });
    const logged = JSON.stringify(config);
    for (const secret of ["sk-very-secret", "user:pass", KEY]) expect(logged).not.toContain(secret);
    expect(secrets.credentials.get("openai")).toBe("sk-very-secret");
    expect(secrets.encryptionKey).toEqual(Buffer.alloc(32, 7));
  });

  test("reads secrets from files relative to the configuration", () => {
    writeFileSync(join(folder, "provider-key"), "sk-from-file\n");
    const { secrets } = load("connections: [{name: main, credential: 'file:provider-key'}]\n");
    expect(secrets.credentials.get("main")).toBe("sk-from-file");
  });

  test("reads sizes with units", () => {
    const { config } = load("limits: {request_bytes: 1MiB, answer_bytes: 2048}\n", {
      OPENAI_API_KEY: "sk-test",
    });
    expect([config.limits.request_bytes, config.limits.answer_bytes]).toEqual([1_048_576, 2048]);
  });

  test("listens on IPv6", () => {
    expect(load(null, { TOLLGATE_LISTEN: "[::1]:9000" }).config.listen).toEqual({ host: "::1", port: 9000 });
  });
});

describe("what is wrong", () => {
  test("is named all at once, each with its line, its path and what was expected", () => {
    const problems = findProblems(
      "listen: nowhere\nlimits:\n  depth: 9999\nconnections:\n  - name: a\n    base_url: ftp://x\n    credential: env:MISSING\n",
    );
    expect(problems).toEqual([
      "1 listen: expected host:port, for instance 127.0.0.1:8080",
      "3 limits.depth: expected at most 512",
      "6 connections[0].base_url: expected an http or https URL without user, query or fragment",
      "7 connections[0].credential: expected the variable MISSING to be set",
    ]);
  });

  test("names the variable where the value came from one", () => {
    expect(findProblems(null, { TOLLGATE_WORKERS: "many" })).toEqual([
      "- TOLLGATE_WORKERS: expected a value of type number",
    ]);
  });

  test.each([
    ["conections: []", "1 conections: unknown key; did you mean connections?"],
    ["limits: {request_byte: 1}", "1 limits.request_byte: unknown key; did you mean request_bytes?"],
    [
      "issuers: [{issuer: 'https://a.example', audience: x, group_maps: {}}]",
      "1 issuers[0].group_maps: unknown key; did you mean group_map?",
    ],
  ])("offers the key that was meant by %s", (yaml, problem) => {
    expect(findProblems(yaml, { OPENAI_API_KEY: "sk-test" })).toContain(problem);
  });

  test("offers all keys where none is like what stands there", () => {
    const [problem] = findProblems("foo: 1", { OPENAI_API_KEY: "sk-test" });
    expect(problem).toMatch(/^1 foo: unknown key; expected one of listen, .* log$/);
  });

  test("says of a key that stands where its reference should that it is one, and nothing else", () => {
    const env = {
      DATABASE_URL: "postgres://localhost/x",
      TOLLGATE_ENCRYPTION_KEY: "a2V5",
      OPENAI_API_KEY: "k",
    };
    expect(findProblems(null, env)).toHaveLength(1);
  });

  test.each([
    "connections: [{name: a, credential: sk-live-0123456789}]",
    "encryption_key: sk-live-0123456789",
    "database: {url: 'postgres://u:sk-live-0123456789@h/db'}",
    "listen: sk-live-0123456789",
    "simulate: sk-live-0123456789",
    "log: {level: sk-live-0123456789}",
    "a: &x sk-live-0123456789\nb: *y sk-live-0123456789\n  - : {",
  ])("never repeats a value that may be a secret: %s", (yaml) => {
    const problems = findProblems(yaml);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain("sk-live");
  });

  test("is a key that stands twice", () => {
    expect(findProblems("workers: 1\nworkers: 2\n")[0]).toContain("duplicate key");
  });

  test("is a database of one's own without an encryption key", () => {
    const problems = findProblems(null, { DATABASE_URL: "postgres://u@h/db", OPENAI_API_KEY: "sk-test" });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("TOLLGATE_ENCRYPTION_KEY: expected a reference");
  });

  test.each(["short", "x".repeat(44), KEY.slice(0, 20)])(
    "is an encryption key that isn't 32 bytes: %s",
    (key) => {
      const env = { ...OWN_DATABASE, THE_KEY: key, OPENAI_API_KEY: "sk-test" };
      expect(findProblems(null, env)[0]).toContain("32 bytes");
    },
  );

  test("is an issuer whose keys would travel unprotected, unless it is on this machine", () => {
    const env = { OPENAI_API_KEY: "sk-test" };
    expect(findProblems("issuers: [{issuer: 'http://idp.example', audience: x}]", env)[0]).toContain(
      "expected an https URL",
    );
    expect(findProblems("issuers: [{issuer: 'http://127.0.0.1:9', audience: x}]", env)).toEqual([]);
  });

  test("is an algorithm that signs with a shared secret, or none", () => {
    for (const algorithm of ["HS256", "none"]) {
      const yaml = `issuers: [{issuer: 'https://a.example', audience: x, algorithms: [${algorithm}]}]`;
      expect(findProblems(yaml, { OPENAI_API_KEY: "sk-test" })[0]).toContain(
        "issuers[0].algorithms[0]: expected RS256",
      );
    }
  });

  test("warns of a misspelt variable and not of Kubernetes' own", () => {
    const { warnings } = load(null, {
      TOLLGATE_LISTN: "x",
      TOLLGATE_PORT_8080_TCP_ADDR: "10.0.0.1",
      TOLLGATE_SERVICE_HOST: "x",
    });
    expect(warnings).toEqual([
      "The variable TOLLGATE_LISTN is unknown and ignored; did you mean TOLLGATE_LISTEN?",
    ]);
  });
});

describe("the simulated target", () => {
  test("serves where nothing at all is configured", () => {
    expect(load(null).config.connections).toMatchObject([{ name: "openai", simulated: true, default: true }]);
  });

  test("serves where it is asked for, whatever else is configured", () => {
    const { config } = load("connections: [{name: a, default: true}, {name: b}]", OWN_DATABASE, {
      simulate: true,
    });
    expect(config.connections.map(({ simulated }) => simulated)).toEqual([true, true]);
  });

  test("doesn't stand in for a missing key once there is a file or a database", () => {
    expect(findProblems("workers: 1\n")).toEqual([
      "- OPENAI_API_KEY: expected the provider's key, or --simulate",
    ]);
    expect(findProblems(null, OWN_DATABASE)).toEqual([
      "- OPENAI_API_KEY: expected the provider's key, or --simulate",
    ]);
  });

  test("makes way for a provider's key", () => {
    expect(load(null, { OPENAI_API_KEY: "sk-test" }).config.connections[0]).toMatchObject({
      simulated: false,
      baseUrl: "https://api.openai.com/v1",
    });
  });
});

describe("connections", () => {
  test("don't take a token of ours for a provider's key", () => {
    expect(findProblems(null, { OPENAI_API_KEY: "tg_abc" })[0]).toContain("this is a Tollgate token");
  });

  test.each([
    ["http://127.0.0.1:8080/v1", {}],
    ["http://localhost:8080/v1", {}],
    ["http://[::1]:8080/v1", { TOLLGATE_LISTEN: "0.0.0.0:8080" }],
    ["http://localhost:8081", {}],
    ["https://gateway.example/v1", { TOLLGATE_PUBLIC_URL: "https://gateway.example" }],
  ])("don't lead back to the gateway itself: %s", (url, env) => {
    const problems = findProblems(null, { OPENAI_API_KEY: "sk-test", TOLLGATE_OPENAI_BASE_URL: url, ...env });
    expect(problems).toEqual([
      "- TOLLGATE_OPENAI_BASE_URL: expected the URL of a target; this is the gateway's own",
    ]);
  });

  test("have one default among them", () => {
    const yaml = "connections: [{name: a, credential: 'env:K'}, {name: b, credential: 'env:K'}]";
    expect(findProblems(yaml, { K: "sk-x" })[0]).toContain("exactly one connection with default: true");
    expect(
      load("connections: [{name: a, credential: 'env:K'}]", { K: "sk-x" }).config.connections[0]?.default,
    ).toBe(true);
  });

  test("name an account in what a header may hold", () => {
    const toYaml = (id: string): string =>
      `connections: [{name: a, credential: 'env:K', openai: {organization: ${JSON.stringify(id)}}}]`;
    expect(load(toYaml("org-1"), { K: "sk-x" }).config.connections[0]?.account).toEqual({
      organization: "org-1",
      project: null,
    });
    for (const id of ["a b", "a\r\nx-y: z", "", "x".repeat(257)])
      expect(findProblems(toYaml(id), { K: "sk-x" })[0]).toContain(
        "connections[0].openai.organization: expected an id",
      );
  });

  test("have names of their own", () => {
    const yaml =
      "connections: [{name: a, credential: 'env:K', default: true}, {name: a, credential: 'env:K'}]";
    expect(findProblems(yaml, { K: "sk-x" })).toEqual([
      "1 connections[1].name: expected a name that no other connection has",
    ]);
  });

  test("are warned of where one opens what another of the same account keeps to its owners", () => {
    const toYaml = (key: string): string => `connections:
  - {name: a, credential: 'env:K', default: true}
  - {name: b, credential: 'env:${key}', unknown_ids: allow}`;
    const env = { K: "sk-x", L: "sk-y" };
    expect(load(toYaml("K"), env).warnings).toEqual([
      "The connection b opens to every caller what nobody owns there, and so what is owned at a: both lead to one account.",
    ]);
    expect(load(toYaml("L"), env).warnings).toEqual([]);
  });

  test("are warned of where their key would travel unprotected", () => {
    const env = { OPENAI_API_KEY: "sk-test", TOLLGATE_OPENAI_BASE_URL: "http://models.internal/v1" };
    expect(load(null, env).warnings).toEqual(["The connection openai sends its credential over plain HTTP."]);
  });
});

test("the authorities of the database's server stand in one place, as a file that can be read", () => {
  const { cert } = makeCertificate("authority");
  writeFileSync(join(folder, "authority.pem"), cert);
  writeFileSync(join(folder, "none.pem"), "nothing");
  const read = (url: string, ca?: string) => {
    const file = join(folder, "database.yaml");
    writeFileSync(file, JSON.stringify(ca === undefined ? {} : { database: { ca } }));
    return () =>
      loadConfig({ file, env: { DATABASE_URL: url }, cwd: folder, scope: "database" }).secrets.databaseUrl;
  };
  const found = `postgres://u@h/db?sslrootcert=${encodeURIComponent(join(folder, "authority.pem"))}`;
  expect(read("postgres://u@h/db", "authority.pem")()).toBe(found);
  expect(read("postgres://u@h/db?sslrootcert=authority.pem")()).toBe(found);
  expect(read("postgres://u@h/db?sslrootcert=system")()).toBe("postgres://u@h/db?sslrootcert=system");
  for (const [url, ca] of [
    ["postgres://u@h/db", "none.pem"],
    ["postgres://u@h/db", "missing.pem"],
    ["postgres://u@h/db?sslrootcert=none.pem", undefined],
    ["postgres://u@h/db?sslrootcert=authority.pem", "authority.pem"],
  ] as const)
    expect(read(url, ca)).toThrow(ConfigError);
});

test("commands on the record need no target's key and no encryption key", () => {
  const env = { DATABASE_URL: "postgres://u@h/db" };
  expect(loadConfig({ file: null, env, cwd: folder, scope: "database" }).secrets.databaseUrl).toBe(
    "postgres://u@h/db",
  );
});
