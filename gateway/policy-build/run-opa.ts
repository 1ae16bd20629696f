// Runs the pinned OPA: the only file of the build that starts it.

import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { findPackageRoot } from "../config/package-root.ts";
import { toOpaProblems } from "./opa-problems.ts";
import { PolicyProblem, toError } from "./problem.ts";

export type OpaOptions = {
  readonly cwd?: string;
  readonly input?: string;
  /** Absent: it sees none of the variables, which rules could read. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};
export type OpaAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type Opa = {
  /** Its executable. */
  readonly path: string;
  /** Gives what OPA prints and how it ends. */
  readonly ask: (args: readonly string[], options?: OpaOptions) => Promise<OpaAnswer>;
  /** Gives what OPA prints; throws `PolicyProblem` with its complaint where it ends with another code than 0. */
  readonly run: (args: readonly string[], options?: OpaOptions) => Promise<string>;
  /** Gives what was made for the same key before, which must name all that the outcome depends on. */
  readonly once: (key: string, make: () => Promise<string>) => Promise<string>;
};

/** How many outcomes are kept: as many as a large policy has modules. */
const KEPT = 500;

/** Finds OPA by `scripts/opa`, which fetches it where it must, and runs it. Throws `PolicyProblem` where there is none. */
export function findOpa(env: Readonly<Record<string, string | undefined>> = process.env): Opa {
  const script = join(findPackageRoot(), "scripts", "opa");
  const { status, stdout, stderr } = spawnSync(script, ["--which"], { encoding: "utf8", env });
  if (status !== 0)
    throw new PolicyProblem([
      toError("opa_missing", null, stderr?.trim() || `${script} could not be run.`, {
        help: "Policies are built by OPA, which the gateway itself does not need to serve.",
      }),
    ]);
  const path = stdout.trim();
  const made = new Map<string, Promise<string>>();
  const ask = (args: readonly string[], options: OpaOptions = {}) => askOpa(path, args, options);
  return {
    path,
    ask,
    async run(args, options) {
      const { code, stdout, stderr } = await ask(args, options);
      if (code === 0) return stdout;
      const problems = toOpaProblems(stdout) ?? toOpaProblems(stderr);
      if (problems !== null) throw new PolicyProblem(problems);
      const said = `${stderr}${stdout}`.trim().slice(0, 20_000);
      throw new PolicyProblem([toError("opa", null, `opa ${args[0] ?? ""} refuses:\n${said}`)]);
    },
    once(key, make) {
      const outcome = made.get(key) ?? make();
      // What was asked for last goes last.
      made.delete(key);
      made.set(key, outcome);
      const [oldest] = made.keys();
      if (made.size > KEPT && oldest !== undefined) made.delete(oldest);
      outcome.catch(() => made.delete(key));
      return outcome;
    },
  };
}

function askOpa(
  path: string,
  args: readonly string[],
  { cwd, input = "", env = {} }: OpaOptions,
): Promise<OpaAnswer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      path,
      [...args],
      { cwd, env, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
      (cause, stdout, stderr) => {
        if (cause === null) return resolve({ code: 0, stdout, stderr });
        if (typeof cause.code === "number") return resolve({ code: cause.code, stdout, stderr });
        return reject(
          new PolicyProblem(`opa ${args[0] ?? ""} could not be run: ${cause.message}`, { cause }),
        );
      },
    );
    // OPA may end without having read it all; what it says then is in `cause`.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
