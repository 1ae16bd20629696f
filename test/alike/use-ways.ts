// The two ways to one provider: straight, and through a gateway whose policy opens everything and masks nothing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { insertKey, startGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { Ways } from "./compare.ts";
import { startProvider } from "./provider.ts";
import { UNKNOWN } from "./unknown.ts";

const OPERATOR = `
groups:
  admins:
    operations: { all: true, unknown_paths: [{ method: GET, path: ${UNKNOWN} }, { method: POST, path: ${UNKNOWN} }] }
    models: { all: true }
effects: { hidden_not_allowed: off, media_unseen: off }
lists: { masks: [] }
`;

/** Opens both ways for the tests of a file. */
export function useWays(): () => Ways {
  const stack = new AsyncDisposableStack();
  let ways: Ways | undefined;

  beforeAll(async () => {
    const folder = stack.adopt(mkdtempSync(join(tmpdir(), "tollgate-alike-")), (path) =>
      rmSync(path, { recursive: true }),
    );
    const operator = join(folder, "operator.yaml");
    writeFileSync(operator, OPERATOR);
    const provider = stack.adopt(await startProvider(), (one) => one.close());
    const database = stack.use(await createTestDatabase());
    const gateway = stack.use(
      await startGateway({
        databaseUrl: database.url,
        target: { url: provider.url, credential: "a-credential" },
        config: (url) => `
connections:
  - name: openai
    base_url: ${url}
    credential: env:OPENAI_API_KEY
    admin_credential: env:OPENAI_ADMIN_KEY
    unknown_ids: allow
`,
        env: { TOLLGATE_POLICY_OPERATOR: operator },
      }),
    );
    const openAgent = (): Agent =>
      stack.adopt(new Agent({ keepAlive: true, maxSockets: 1 }), (agent) => agent.destroy());
    const token = await insertKey(database.url, { groups: ["admins"] });
    ways = {
      provider,
      direct: { baseUrl: provider.url, token: "a-credential", agent: openAgent() },
      through: { baseUrl: gateway.baseUrl, token, agent: openAgent() },
    };
  });
  afterAll(() => stack.disposeAsync());

  return () => {
    if (ways === undefined) throw new Error("It is not started.");
    return ways;
  };
}
