// That the workflow of a new repository is one, asks for no more rights than it needs, and hands no secret where it doesn't belong.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const workflow = z
  .object({
    on: z.looseObject({ push: z.unknown(), pull_request: z.unknown() }),
    permissions: z.record(z.string(), z.string()),
    jobs: z.record(
      z.string(),
      z.looseObject({ permissions: z.record(z.string(), z.string()).optional(), steps: z.array(step) }),
    ),
  })
  .parse(parse(readFileSync(new URL("./repository/policy.yaml", import.meta.url), "utf8")));
const { build, comment, publish } = workflow.jobs;

test("gives each job what it needs alone", () => {
  expect(workflow.on).not.toHaveProperty("pull_request_target");
  expect(workflow.permissions).toEqual({ contents: "read" });
  expect(build?.permissions).toBeUndefined();
  expect(comment?.permissions).toEqual({ "pull-requests": "write" });
  expect(publish?.permissions).toEqual({ contents: "write" });
  // Who may write runs nothing that was proposed.
  expect(comment?.steps.map(({ uses }) => uses)).toEqual(["actions/download-artifact@v5", undefined]);
});

test("pins what it uses, and puts nothing from outside into a shell's text", () => {
  for (const { uses, run } of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
    if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
    expect(run ?? "").not.toContain("${{");
  }
});

test("replays a pull request by a gateway, by a corpus, or says that it did not", () => {
  const replay = build?.steps.find(({ run }) => run?.includes("policy replay") === true);
  expect(replay?.env).toMatchObject({ TOLLGATE_TOKEN: "${{ secrets.TOLLGATE_REPLAY_TOKEN }}" });
  expect(replay?.run).toMatch(/--gateway "\$GATEWAY"[^]*--corpus corpus\.ndjson\.gz[^]*::notice::/);
});
