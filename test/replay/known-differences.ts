// Knows what a replay of a generated record must find.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { EACH } from "./generated-record.ts";
import { replayRecord } from "./replay-record.ts";

const RELAXED = "effects: { model_not_allowed: observe, sql_destructive: observe }";

/** Holds a replay of a policy that only observes two rules to the differences that are known, to the last one. */
export async function expectKnownDifferences(
  databaseUrl: string,
  count: number,
  against: "active" | "recorded",
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-differences-"));
  try {
    const file = join(folder, "operator.yaml");
    await writeFile(file, RELAXED);
    const report = await replayRecord(databaseUrl, ["--operator", file, "--against", against]);
    const unmarked = count / EACH.unmarked;
    const models = count / EACH.denied;
    // What was refused for its model has no call that could be judged by both.
    const calls = count / EACH.dropping - models;
    expect(report.coverage).toMatchObject({
      exchanges: count,
      judged: count - unmarked,
      not_judged: [{ reason: "unmarked", count: unmarked }],
      later: count - unmarked - models,
      later_not_judged: [],
    });
    expect(report.exchanges).toEqual({
      changed: models + calls,
      unchanged: count - unmarked - models - calls,
      new_denials: 0,
      lifted_denials: models + calls,
    });
    const found = report.changes.map(({ change, phase, effect, code, exchanges }) =>
      [change, effect, code, phase, exchanges].join(" "),
    );
    expect(found.toSorted()).toEqual(
      [
        `gained observe model_not_allowed request ${models}`,
        `gained observe sql_destructive tool_call ${calls}`,
        `lost deny model_not_allowed request ${models}`,
        `lost deny sql_destructive tool_call ${calls}`,
      ].toSorted(),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
