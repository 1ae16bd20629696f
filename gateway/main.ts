// Where the process begins: checks Node's version before anything that needs it is loaded, then runs the command.
import { join } from "node:path";
import { findPackageRoot } from "./config/package-root.ts";
import { isNewEnough, readNeededNode } from "./node-version.ts";

const needed = readNeededNode();

if (!isNewEnough(process.versions.node, needed)) {
  process.stderr.write(
    `tollgate: Node.js ${needed} or newer is needed, this is ${process.versions.node}. "npm start" and "bin/tollgate.js" use the one that npm ci installs.\n`,
  );
  process.exitCode = 1;
} else {
  // Beside the code that it is made of, where nobody writes who may not change that code; elsewhere Node would use /tmp.
  const { enableCompileCache } = await import("node:module");
  enableCompileCache(join(findPackageRoot(), "node_modules", ".cache", "tollgate"));
  const { resolveDrizzleSooner } = await import("./resolve-sooner.ts");
  resolveDrizzleSooner();
  const { runCommandLine } = await import("./cli/program.ts");
  const stop = new AbortController();
  const args = process.argv.slice(2);
  // Whoever reads the output may have had enough (`| head`): that is no fault.
  process.stdout.on("error", (error) => {
    if (!("code" in error) || error.code !== "EPIPE") throw error;
    process.exit();
  });
  // A start handles these signals itself: it drains. Other commands that go on (`tail`) end.
  if (args[0] !== "start")
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const code = await runCommandLine(args, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    signal: stop.signal,
  });
  // Pools and timers that a fault left open must not keep a finished command alive.
  process.exitCode = code;
  setTimeout(() => process.exit(), 2000).unref();
}
