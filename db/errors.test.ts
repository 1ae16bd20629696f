import { once } from "node:events";
import { createServer } from "node:net";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { createTestDatabase } from "../test/postgres.ts";
import { openDatabase } from "./client.ts";
import { DatabaseError, runQuery } from "./errors.ts";
import { createRevocationReader } from "./queries/revocations.ts";
import { gatewayState, serviceAccounts } from "./schema.ts";

async function catchError(run: () => Promise<unknown>): Promise<DatabaseError> {
  const thrown: unknown = await run().then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof DatabaseError)) throw new Error("Not a DatabaseError.");
  return thrown;
}

test("names code and constraint, and holds neither statement nor values", async () => {
  await using database = await createTestDatabase();
  const { orm } = database.db;
  const row = {
    id: "0198a000-0000-7000-8000-000000000000",
    tenant: "t",
    name: "hidden-name",
    groups: [],
    createdBy: "x",
  };
  await orm.insert(serviceAccounts).values(row);
  const error = await catchError(() => runQuery(() => orm.insert(serviceAccounts).values(row)));
  expect(error).toMatchObject({ reason: "refused", code: "23505", constraint: "service_accounts_pkey" });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hidden-name|insert/i);
  expect(error.cause).toBeUndefined();
});

test("tells that the database is out of reach", async () => {
  const db = openDatabase("postgres://user:hidden-password@127.0.0.1:1/none");
  const error = await catchError(() =>
    runQuery(() => db.orm.select().from(gatewayState).where(eq(gatewayState.key, "k"))),
  );
  expect(error).toMatchObject({ reason: "unavailable", code: "ECONNREFUSED" });
  expect(String(error.stack)).not.toContain("hidden-password");
  await db.close();
});

test("gives up a query that takes too long", async () => {
  await using database = await createTestDatabase();
  const started = Date.now();
  const error = await catchError(() => runQuery(() => database.db.sql`select pg_sleep(5)`, 100));
  expect(error).toMatchObject({ reason: "unavailable", code: "QUERY_TIMEOUT" });
  expect(Date.now() - started).toBeLessThan(4_500);
});

test("a connection that falls silent once it is open, and is dropped, fails its query and nothing else", async () => {
  const strays: unknown[] = [];
  const keep = (error: unknown): unknown => strays.push(error);
  process.on("unhandledRejection", keep);
  // AuthenticationOk and ReadyForQuery; no answer to what is asked then.
  const greeting = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.write(greeting));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const db = openDatabase(`postgres://u@127.0.0.1:${typeof address === "object" ? address?.port : 0}/d`);
  const reader = createRevocationReader(db, 300);
  expect(await catchError(() => reader.readLast())).toMatchObject({ code: "QUERY_TIMEOUT" });
  await reader.close();
  await db.close();
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
  process.off("unhandledRejection", keep);
  expect(strays).toEqual([]);
});
