// Gives each test file a PostgreSQL database of its own.
import { randomBytes } from "node:crypto";
import { openDatabase } from "../db/client.ts";
import type { Database } from "../db/client.ts";
import { askDoor } from "./door.ts";

export type TestDatabase = {
  readonly url: string;
  readonly db: Database;
  /** Ends the connections and drops the database. */
  [Symbol.asyncDispose](): Promise<void>;
};

/** Makes a database with all migrations applied, or an empty one. The first call in a run starts PostgreSQL. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = await askDoor("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const maintenance = openDatabase(`${server}postgres`, { poolSize: 1 });
  await maintenance.sql.unsafe(
    `create database ${name} template ${options.empty === true ? "template0" : "template_tollgate"} strategy file_copy`,
  );
  const url = server + name;
  const db = openDatabase(url);
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.close();
      await maintenance.sql.unsafe(`drop database if exists ${name} with (force)`);
      await maintenance.close();
    },
  };
}
