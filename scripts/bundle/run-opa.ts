// Runs the pinned OPA: the only file of the build that starts a process.

import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PolicyProblem } from "./problem.ts";

export type Opa = {
  /** Gives what OPA prints; throws `PolicyProblem` with its complaint where it ends with another code than 0. */
  readonly run: (args: readonly string[], options?: { cwd?: string; input?: string }) => Promise<string>;
};

/** Finds OPA by `scripts/opa` and runs it. `purpose` of a run that fails stands before OPA's own words. */
export function findOpa(): Opa {
  let path: string;
  try {
    path = execFileSync(fileURLToPath(new URL("../opa", import.meta.url)), ["--which"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    }).trim();
  } catch (cause) {
    throw new PolicyProblem("OPA was not found, see above.", { cause });
  }
  return {
    run: (args, options = {}) =>
      new Promise((resolve, reject) => {
        const child = execFile(
          path,
          [...args],
          { cwd: options.cwd, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
          (cause, stdout, stderr) => {
            if (cause === null) return resolve(stdout);
            const said = `${stderr}${stdout}`.trim().slice(0, 20_000);
            return reject(new PolicyProblem(`opa ${args[0] ?? ""} refuses:\n${said}`, { cause }));
          },
        );
        // OPA may end without having read it all; what it says then is in `cause`.
        child.stdin?.on("error", () => {});
        child.stdin?.end(options.input ?? "");
      }),
  };
}
