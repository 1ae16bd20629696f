// Every policy that decides is kept with the operator's data, before it decides.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { z } from "zod";
import { findBundle } from "../db/queries/policy-bundles.ts";
import { startGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";

const readiness = z.object({ policy: z.object({ revision: z.string(), dataRevision: z.string() }) });

test("a start and a changed operator's file leave two versions, each with its data", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-versions-"));
  const file = join(folder, "operator.yaml");
  await writeFile(file, "{}");
  await using database = await createTestDatabase();
  await using gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: file },
  });
  const inForce = async (): Promise<{ revision: string; dataRevision: string }> =>
    readiness.parse(await (await fetch(`${gateway.origin}/readyz`)).json()).policy;
  const first = await inForce();
  await writeFile(file, "effects: { sql_destructive: observe }");
  await expect
    .poll(async () => (await inForce()).dataRevision, { timeout: 10_000 })
    .not.toBe(first.dataRevision);
  const second = await inForce();
  const rows = await database.db.sql`
    select revision, data_revision, overlay_digest, overlay::text from policy_versions order by first_seen_at`;
  expect(rows).toMatchObject([
    { revision: first.revision, data_revision: first.dataRevision, overlay: "{}" },
    { revision: second.revision, data_revision: second.dataRevision },
  ]);
  expect(JSON.parse(String(rows[1]?.["overlay"]))).toEqual({ effects: { sql_destructive: "observe" } });
  expect(rows[1]?.["overlay_digest"]).toMatch(/^[0-9a-f]{64}$/);
  // One bundle decided in both of them; it is kept as it came.
  const bytes = await readFile(new URL("../bundles/default.tar.gz", import.meta.url));
  const digest = createHash("sha256").update(bytes).digest("hex");
  expect(await database.db.sql`select name, digest from policy_bundles`).toMatchObject([
    { name: "default", digest },
  ]);
  expect((await findBundle(database.db, first.revision))?.bytes.equals(bytes)).toBe(true);
  await rm(folder, { recursive: true });
});
