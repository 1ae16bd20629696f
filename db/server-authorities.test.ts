// TLS to a database by authorities of its own: a server that speaks it stands before the tests' PostgreSQL.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { makeCertificate } from "../test/fixtures/certificate.ts";
import { createTestDatabase } from "../test/postgres.ts";
import type { TestDatabase } from "../test/postgres.ts";
import { openDatabase } from "./client.ts";
import { DatabaseError } from "./errors.ts";

const SSL_REQUEST_BYTES = 8;
const [first, second] = [makeCertificate("first"), makeCertificate("second")];

let folder: string;
let database: TestDatabase;
let server: Server;
let port: number;
/** What the server shows. */
let shown = first;
const open = new Set<Socket>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-database-"));
  database = await createTestDatabase();
  const target = new URL(database.url);
  server = createServer((client) => {
    open.add(client);
    client.once("readable", () => {
      client.read(SSL_REQUEST_BYTES);
      client.write("S");
      const secureContext = createSecureContext(shown);
      const plain = new TLSSocket(client, { isServer: true, secureContext });
      const behind = connect(Number(target.port), target.hostname);
      for (const socket of [client, plain, behind]) socket.on("error", () => undefined);
      plain.pipe(behind).pipe(plain);
      client.once("close", () => behind.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = z.object({ port: z.number() }).parse(server.address()).port;
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  server?.close();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function toUrl(host: string, more: Readonly<Record<string, string>>): string {
  const url = new URL(database.url);
  url.hostname = host;
  url.port = String(port);
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  return url.href;
}

async function outcome(host: string, more: Readonly<Record<string, string>>): Promise<string> {
  const db = openDatabase(toUrl(host, more), { poolSize: 1 });
  try {
    await db.ping(20_000);
    return "open";
  } catch (error) {
    return error instanceof DatabaseError ? String(error.code) : `fault: ${String(error)}`;
  } finally {
    await db.close();
  }
}

test("the server must be vouched for by the file's authorities, and have the name of the URL", async () => {
  const [right, wrong] = [join(folder, "right.pem"), join(folder, "wrong.pem")];
  await writeFile(right, first.cert);
  await writeFile(wrong, second.cert);
  shown = first;
  for (const sslmode of ["verify-full", "require", "prefer", ""])
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await outcome(host, { sslmode, sslrootcert: right })).toBe("open");
      expect(await outcome(host, { sslmode, sslrootcert: wrong })).toMatch(/CERT|SIGNATURE/);
    }
  // Another spelling of the address, which leads here and stands in no certificate.
  expect(await outcome("127.1", { sslrootcert: right })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await outcome("127.1", { sslmode: "verify-ca", sslrootcert: right })).toBe("open");
  expect(await outcome("127.1", { sslmode: "verify-ca", sslrootcert: wrong })).toMatch(/CERT|SIGNATURE/);
});

test("nobody is trusted by a file that is not there, or holds no certificate", async () => {
  shown = first;
  await writeFile(join(folder, "empty.pem"), "");
  for (const name of ["missing.pem", "empty.pem"])
    expect(await outcome("localhost", { sslrootcert: join(folder, name) })).toMatch(/CERT|SIGNATURE/);
});

test("a changed file counts for the next connection, without opening anew; one that is half written doesn't", async () => {
  const file = join(folder, "followed.pem");
  await writeFile(file, first.cert);
  shown = first;
  const db = openDatabase(toUrl("localhost", { sslrootcert: file }), { poolSize: 1 });
  const ask = async (): Promise<string> => {
    const connection = db.openConnection();
    try {
      return String((await connection`select 'open' as said`)[0]?.["said"]);
    } catch (error) {
      return z.looseObject({ code: z.string() }).parse(error).code;
    } finally {
      await connection.end({ timeout: 0 });
    }
  };
  expect(await ask()).toBe("open");
  await writeFile(file, second.cert.slice(0, 300));
  expect(await ask()).toBe("open");
  shown = second;
  expect(await ask()).toMatch(/CERT|SIGNATURE/);
  await writeFile(file, second.cert);
  expect(await ask()).toBe("open");
  await db.close();
});
