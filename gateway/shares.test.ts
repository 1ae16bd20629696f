import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Caller } from "./exchange.ts";
import { createShares, shareSpools } from "./shares.ts";
import { createSpools } from "./spool/spool.ts";

const limits = { batch_lines: 5, lists: 1, sockets: 2, upload_bytes: 100, uploads: 2 };
const over = expect.objectContaining({ code: "caller_limit", status: 429 });
const one: Caller = {
  tenant: "default",
  issuer: "tollgate",
  subject: "one",
  kind: "service",
  groups: [],
  scopes: [],
  claims: {},
  actsFor: null,
  agent: null,
  initiator: "service",
  credentialId: "key",
  expiresAt: null,
};

test("a caller has its share, whichever credential it comes with, and others have theirs", () => {
  const shares = createShares(limits);
  shares.open(one, "sockets").add(1);
  const second = shares.open({ ...one, credentialId: "another" }, "sockets");
  second.add(1);
  expect(() => shares.open(one, "sockets").add(1)).toThrow(over);
  shares.open({ ...one, subject: "two" }, "sockets").add(2);
  shares.open(one, "lists").add(1);
  second.close();
  second.close();
  shares.open(one, "sockets").add(1);
  expect(() => shares.open(one, "sockets").add(1)).toThrow(over);
});

test("what is refused takes nothing, and what ends gives all of it back", () => {
  const shares = createShares(limits);
  const lines = shares.open(one, "batch_lines");
  for (let line = 0; line < 5; line += 1) lines.add(1);
  expect(() => lines.add(1)).toThrow("limits.per_caller.batch_lines");
  lines.close();
  shares.open(one, "batch_lines").add(5);
});

test("uploads count by their number and by their bytes until they are let go", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-shares-"));
  const spools = createSpools(folder, { memoryBytes: 10, bytes: 1_000, totalBytes: 100_000_000 });
  const mine = shareSpools(spools, createShares(limits), one);
  const first = mine.open();
  await first.write(Buffer.alloc(60));
  const second = mine.open();
  expect(() => mine.open()).toThrow(over);
  await expect(second.write(Buffer.alloc(50))).rejects.toEqual(over);
  await first.close();
  await second.write(Buffer.alloc(50));
  expect(second.size).toBe(50);
  await mine.open().close();
  await second.close();
  await rm(folder, { recursive: true });
});
