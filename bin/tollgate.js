#!/usr/bin/env node
// Runs the command with a Node that is new enough: this one, or the one that the package brings along.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = join(root, "dist", "gateway", "main.js");
const main = existsSync(compiled) ? compiled : join(root, "gateway", "main.ts");
const own = [join(root, "node_modules", ".bin", "node"), join(root, "..", ".bin", "node")].find(existsSync);
const needed = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node.replace(">=", "");

if (isNewEnough(process.versions.node)) {
  process.argv[1] = main;
  await import(main);
} else if (own === undefined) {
  process.stderr.write(`tollgate: Node.js ${needed} or newer is needed, this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  const child = spawn(own, ["--max-semi-space-size=32", main, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) =>
    process.exit(code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0)),
  );
}

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
