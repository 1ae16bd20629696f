// Which OPA is taken.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("opa", import.meta.url));
const TOOLS = [
  "sh",
  "sed",
  "dirname",
  "mktemp",
  "mkdir",
  "chmod",
  "rm",
  "uname",
  "cut",
  "sha256sum",
  "mv",
  "cat",
  "env",
];

let folder = "";
let real = "";

beforeAll(() => {
  real = execFileSync(SCRIPT, ["--which"], { encoding: "utf8" }).trim();
  folder = mkdtempSync(join(tmpdir(), "tollgate-opa-"));
  mkdirSync(join(folder, "scripts"));
  cpSync(SCRIPT, join(folder, "scripts", "opa"));
  mkdirSync(join(folder, "tools"));
  // A machine that has neither network clients nor Go.
  for (const tool of TOOLS) {
    const found = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
    if (found.startsWith("/")) symlinkSync(found, join(folder, "tools", tool));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, version: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(
    join(folder, path),
    `#!/bin/sh\nif [ "$1" = version ]; then echo "Version: ${version}"; else echo "${path} $*"; fi\n`,
  );
  chmodSync(join(folder, path), 0o755);
}

function run(
  path: readonly string[],
  args: readonly string[] = ["check"],
): { out: string; complaint: string; status: number | null } {
  const search = [...path.map((name) => join(folder, name)), join(folder, "tools")].join(":");
  const { stdout, stderr, status } = spawnSync(join(folder, "scripts", "opa"), [...args], {
    encoding: "utf8",
    env: { PATH: search },
  });
  return { out: stdout.trim(), complaint: stderr, status };
}

describe("scripts/opa", () => {
  it("finds an OPA of the pinned version here", () => {
    expect(execFileSync(real, ["version"], { encoding: "utf8" })).toContain("Version: 1.22.0");
  });

  it("runs the one on the PATH where it has the pinned version", () => {
    put("good/opa", "1.22.0");
    expect(run(["good"], ["check", "--strict", "a b"]).out).toBe("good/opa check --strict a b");
    expect(run(["good"], ["--which"]).out).toBe(join(folder, "good/opa"));
  });

  it("fails clearly where there is none, and says what was tried", () => {
    put("old/opa", "1.21.9");
    const { status, complaint } = run(["old"]);
    expect(status).toBe(1);
    expect(complaint).toContain("1.21.9, not 1.22.0");
    expect(complaint).toContain("could not be downloaded");
    expect(complaint).toContain("no go on the PATH");
    expect(run([]).complaint).toContain("no opa on the PATH");
  });

  it("passes over another version on the PATH for the cached one", () => {
    put("old/opa", "1.21.9");
    put(".cache/opa/1.22.0/opa", "1.22.0");
    expect(run(["old"]).out).toBe(".cache/opa/1.22.0/opa check");
  });

  it("takes no download whose digest is not the release's", () => {
    put(".cache/opa/1.22.0/opa", "1.20.0");
    writeFileSync(
      join(folder, "tools", "curl"),
      '#!/bin/sh\nfor last; do :; done\nwhile [ $# -gt 1 ]; do if [ "$1" = --output ]; then echo "not what it says" >"$2"; fi; shift; done\n',
    );
    chmodSync(join(folder, "tools", "curl"), 0o755);
    const { status, complaint } = run([]);
    expect(status).toBe(1);
    expect(complaint).toMatch(/digest [0-9a-f]{64}, the release says not/);
  });

  it("builds one with Go where nothing else works", () => {
    rmSync(join(folder, "tools", "curl"), { force: true });
    rmSync(join(folder, ".cache"), { recursive: true, force: true });
    mkdirSync(join(folder, "go"), { recursive: true });
    const made =
      '#!/bin/sh\\nif [ "$1" = version ]; then echo "Version: 1.22.0"; else echo "built $*"; fi\\n';
    writeFileSync(
      join(folder, "go", "go"),
      `#!/bin/sh\n[ "$*" = "install github.com/open-policy-agent/opa@v1.22.0" ] || exit 3\nprintf '${made}' >"$GOBIN/opa"\nchmod +x "$GOBIN/opa"\n`,
    );
    chmodSync(join(folder, "go", "go"), 0o755);
    expect(run(["go"]).out).toBe("built check");
    expect(run([]).out).toBe("built check");
  });
});
