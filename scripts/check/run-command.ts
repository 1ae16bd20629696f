// Runs a tool of the project and keeps what it prints.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** Runs a command in the project's folder, with its own tools and Node first on the PATH. Gives its output if it failed. */
export function runCommand(root: string, argv: readonly [string, ...string[]]): Promise<string | null> {
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: path, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => resolve(`${argv.join(" ")}: ${error.message}`));
    child.once("close", (code, signal) => {
      resolve(
        code === 0 ? null : `${output.trimEnd()}\n${argv.join(" ")} ended with ${signal ?? `status ${code}`}`,
      );
    });
  });
}
