// OPA fetches a bundle that we signed over its own protocol, verifies it, and serves it; one that was changed it leaves.

import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { packBundle } from "../bundle-archive/pack.ts";
import { signFiles } from "./bundle-signature.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/opa", import.meta.url));

const toFiles = (root: string) =>
  new Map([
    ["data.json", Buffer.from(JSON.stringify({ [root]: { "é\u2028": [1, "<&>"] } }))],
    [`${root}/m.rego`, Buffer.from(`package ${root}.m\n\nallow := true\n`)],
    [".manifest", Buffer.from(JSON.stringify({ revision: "r1", roots: [root] }))],
  ]);

/** Asks OPA over its socket; null where it does not answer yet. */
function ask(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path }, (answer) => {
      void text(answer).then((body) => resolve(JSON.parse(body)));
    });
    asked.on("error", () => resolve(null));
    asked.end();
  });
}

it("OPA fetches and verifies what we signed, and serves nothing that was changed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-opa-"));
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = { algorithm: "ES256", privateKey, keyId: "k1", scope: "prod" } as const;
  const good = await signFiles(toFiles("good"), signer);
  const signed = await signFiles(toFiles("bad"), signer);
  const bad = new Map([...signed, ["bad/m.rego", Buffer.from("package bad.m\n\nallow := false\n")] as const]);
  const bundles = new Map([
    ["/good.tar.gz", await packBundle(good)],
    ["/bad.tar.gz", await packBundle(bad)],
  ]);

  const server = createServer((asked, answer) => {
    answer.writeHead(200, { "content-type": "application/gzip" }).end(bundles.get(asked.url ?? ""));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const signing = { keyid: "k1", scope: "prod" };
  const config = {
    services: { us: { url: `http://127.0.0.1:${port}` } },
    keys: { k1: { algorithm: "ES256", key: publicKey.export({ type: "spki", format: "pem" }) } },
    bundles: {
      good: { service: "us", resource: "good.tar.gz", signing },
      bad: { service: "us", resource: "bad.tar.gz", signing },
    },
  };
  writeFileSync(join(folder, "opa.json"), JSON.stringify(config));
  const socket = join(folder, "opa.sock");
  const opa = execFileSync(SCRIPT, ["--which"], { encoding: "utf8" }).trim();
  const flags = [
    "--skip-version-check",
    "--addr",
    `unix://${socket}`,
    "--config-file",
    join(folder, "opa.json"),
  ];
  const child = spawn(opa, ["run", "--server", ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true });
  });

  const patience = { timeout: 30_000, interval: 50 };
  await expect.poll(() => ask(socket, "/v1/data/good/m/allow"), patience).toEqual({ result: true });
  await expect.poll(() => said, patience).toContain("bad/m.rego: digest mismatch");
  expect(await ask(socket, "/v1/data/bad/m/allow")).toEqual({});
}, 60_000);
