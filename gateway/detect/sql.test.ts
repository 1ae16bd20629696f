import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseSql } from "./sql-parser.ts";
import { beginsLikeSql, loadSqlParser, readSql } from "./sql.ts";

beforeAll(loadSqlParser);

const facts = (sql: string) => readSql(sql).facts;
const DESTRUCTIVE = /^(?:drop_(?:database|schema|table|owned|role|tablespace)|truncate)$/;
const isDestructive = (sql: string): boolean => {
  const found = facts(sql);
  return found.where_missing || found.kinds.some((kind) => DESTRUCTIVE.test(kind));
};

describe("a statement without a condition", () => {
  it.each([
    "DELETE FROM users",
    "delete\n from\n\tusers",
    "DELETE FROM ONLY public.users u",
    "DELETE FROM users RETURNING 'where'",
    'DELETE FROM "where"',
    "DELETE FROM users -- WHERE id = 1",
    "DELETE FROM users /* WHERE id = 1 */",
    "DELETE FROM users /* /* */ WHERE id = 1 */",
    "DELETE FROM users USING other",
    "UPDATE users SET a = (SELECT b FROM t WHERE t.id = 1)",
    "UPDATE users SET note = 'where x'",
    "UPDATE users SET note = $$ WHERE $$",
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone WHERE true",
    "WITH a AS (WITH b AS (DELETE FROM orders RETURNING 1) SELECT * FROM b) SELECT * FROM a",
    "EXPLAIN ANALYZE DELETE FROM users",
    "EXPLAIN (ANALYZE, BUFFERS) UPDATE users SET a = 1",
    "PREPARE p AS DELETE FROM users",
    "COPY (DELETE FROM users RETURNING *) TO STDOUT",
    "BEGIN; DELETE FROM users; ROLLBACK",
    "SELECT 1; ; DELETE FROM users",
    "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM users $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN IF a THEN DELETE FROM users; END IF; END $x$",
    "DO $$ BEGIN DELETE FROM users; END $$",
    "DO 'BEGIN DELETE FROM users; END'",
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP UPDATE users SET a = 1; END LOOP; END $$",
    "DO $$ BEGIN EXECUTE 'DELETE FROM users'; END $$",
    "SELECT dblink_exec('dbname=x', 'DELETE FROM users')",
    "SELECT cron.schedule('x', '* * * * *', 'DELETE FROM users')",
    // Dialects that PostgreSQL's parser does not take.
    "DELETE FROM `users`",
    "DELETE FROM [users]",
    "DELETE TOP (10) FROM [users]",
    "DELETE FROM [users] /* /* */ WHERE id = 1 */",
    "DELETE LOW_PRIORITY FROM `users`",
    "UPDATE `users` SET `a` = 1",
    "UPDATE [dbo].[users] SET a = 1",
    "DELETE FROM `users` # WHERE id = 1",
    "DELETE FROM `users` WHERE 1",
    "DELETE FROM `users` WHERE `id` = 1 OR 1 = 1",
    "DELETE FROM `users` WHERE `id` = `id`",
    "SELECT [a] FROM [b] DELETE FROM users",
    "SELECT 1 DELETE users",
    // What MySQL reads otherwise.
    "SELECT 'a\\'' ; DELETE FROM users; -- '",
    "SELECT 1 /*! ; DELETE FROM users */",
    "SELECT 1 /* /* */ ; DELETE FROM users; /* */ */",
    "DELETE FROM users WHERE id = 1 /*!50000 OR 1=1 */",
  ])("is seen: %s", (sql) => {
    expect(facts(sql).where_missing).toBe(true);
  });

  it.each([
    "true",
    "1=1",
    "1 = 1 AND 2 > 1",
    "'a' = 'a'",
    "'a'='a' OR id = 1",
    "id = 1 OR TRUE",
    "id = 1 OR (id = 2 OR 't'::bool)",
    "NOT FALSE",
    "NOT (1 = 2)",
    "NOT NOT true",
    "1",
    "'t'",
    "1 IS NOT NULL",
    "NULL IS NULL",
    "true IS TRUE",
    "(1 = 1) IS NOT FALSE",
    "1 IN (1, 2)",
    "id IN (id, 3)",
    "id = id",
    "users.id >= users.id",
    "id IS NOT DISTINCT FROM id",
    "id IS NULL OR id IS NOT NULL",
    "a = 1 OR a <> 1",
    "a > 1 OR a <= 1",
    "a OR NOT a",
    "name LIKE '%'",
    "name ~ '.*'",
    "ctid IS NOT NULL",
    "EXISTS (SELECT 1)",
    "EXISTS (SELECT 1 FROM other)",
    "id IN (SELECT id FROM users)",
    "(SELECT true)",
    "COALESCE(NULL, true)",
    "CASE WHEN id = 1 THEN true ELSE true END",
    "now() > '2000-01-01'",
    "length('a') = 1",
    "random() < 2",
    "$1 = $2",
    "current_user = current_user",
    "id = 1 OR now() > '2000-01-01'",
    "id = 1 OR $1 IS NULL",
  ])("is seen behind one that is always true: WHERE %s", (condition) => {
    expect(facts(`DELETE FROM users WHERE ${condition}`).where_missing).toBe(true);
    expect(facts(`UPDATE users SET a = 1 WHERE ${condition}`).where_missing).toBe(true);
  });

  it.each([
    "id = 1",
    "id = $1",
    "id = 1 AND true",
    "true AND (id = 1 OR id = 2)",
    "id IN (1, 2, 3)",
    "NOT active",
    "name LIKE 'a%'",
    "created_at < now() - interval '1 day'",
    "EXISTS (SELECT 1 FROM t WHERE t.id = users.id)",
    "id IN (SELECT user_id FROM gone)",
    "id IN (SELECT id FROM users WHERE old LIMIT 5)",
    "deleted_at IS NOT NULL",
    "id = 1 OR id = 2",
    "id = 1 OR false",
    "a = b",
    "1 = 2",
    "note = 'true OR 1=1'",
    "note = $$ OR 1=1 $$",
    "data #>> '{a,b}' = 'c'",
    "path = 'C:\\temp'",
  ])("is not seen where one restricts: WHERE %s", (condition) => {
    expect(facts(`DELETE FROM users WHERE ${condition}`)).toMatchObject({
      where_missing: false,
      incomplete: false,
    });
    expect(facts(`UPDATE users SET a = 1 WHERE ${condition}`).where_missing).toBe(false);
  });

  it.each([
    "DELETE FROM `users` WHERE `id` = 1",
    "UPDATE `users` SET `a` = 1 WHERE `id` = 2 LIMIT 1",
    "DELETE FROM [users] WHERE [id] IN (1, 2)",
    "INSERT INTO `t` (`a`) VALUES (1) ON DUPLICATE KEY UPDATE `a` = 2",
    "SELECT `a` FROM `t` FOR UPDATE",
    "CREATE TABLE `t` (`a` int, FOREIGN KEY (`a`) REFERENCES `u` (`b`) ON DELETE CASCADE ON UPDATE CASCADE)",
    "SELECT 'DELETE FROM users', `a` FROM `t`",
  ])("is not seen in another dialect where one restricts: %s", (sql) => {
    expect(facts(sql)).toMatchObject({ where_missing: false, incomplete: false });
  });
});

describe("statement kinds", () => {
  it.each([
    ["DROP DATABASE prod", ["drop_database"]],
    ['drop   database if exists "Prod"', ["drop_database"]],
    ["DROP/**/DATABASE prod", ["drop_database"]],
    ["DROP DATABASE `prod`", ["drop_database"]],
    ["DROP SCHEMA public CASCADE", ["drop_schema"]],
    ["DROP TABLE a, b", ["drop_table"]],
    ["DROP TABLE [a]", ["drop_table"]],
    ["DROP OWNED BY x", ["drop_owned"]],
    ["DROP MATERIALIZED VIEW v", ["drop_matview"]],
    ["DROP ROLE x", ["drop_role"]],
    ["DROP USER x", ["drop_role"]],
    ["TRUNCATE a, b CASCADE", ["truncate"]],
    ["TRUNCATE TABLE `a`", ["truncate"]],
    ["ALTER TABLE a DROP COLUMN b", ["alter_table", "drop_column"]],
    ["MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE", ["merge", "merge_delete"]],
    ["GRANT ALL ON a TO b", ["grant"]],
    ["REVOKE ALL ON a FROM b", ["revoke"]],
    ["CREATE TABLE a AS SELECT 1", ["create_table", "select"]],
    ["SELECT pg_read_file('/x')", ["pg_read_file", "select"]],
    ["COPY t TO '/tmp/x'", ["copy", "copy_file"]],
    ["VACUUM FULL", ["vacuum"]],
    ["BEGIN; COMMIT", ["begin", "commit"]],
  ])("of %s are %s", (sql, kinds) => {
    expect(facts(sql).kinds).toEqual(kinds);
  });

  it("name the tables, and not the names that the statement makes for itself", () => {
    expect(facts("WITH x AS (SELECT * FROM a) DELETE FROM s.b USING x WHERE b.id = x.id").tables).toEqual([
      "a",
      "s.b",
    ]);
    expect(facts("DROP TABLE s.a, b").tables).toEqual(["b", "s.a"]);
  });

  it("are not seen in strings, names and comments", () => {
    for (const sql of [
      "SELECT 'DROP DATABASE prod'",
      "SELECT $$DROP DATABASE prod$$",
      "SELECT $a$; DROP DATABASE prod; $a$",
      'SELECT "drop database"',
      "SELECT /* ; DROP TABLE a */ 1",
      "SELECT /* /* nested */ DROP */ 1",
      "SELECT 1 --DROP TABLE a",
      "SELECT deleted FROM drops",
      "INSERT INTO audit (q) VALUES ('DELETE FROM users')",
      "SELECT * FROM logs WHERE line LIKE '%DROP TABLE%'",
    ]) {
      expect(facts(sql), sql).toMatchObject({ where_missing: false, incomplete: false });
      expect(isDestructive(sql), sql).toBe(false);
    }
  });
});

describe("what cannot be read to its end", () => {
  it.each([
    "EXECUTE p",
    "CALL f()",
    "DO $$ BEGIN EXECUTE 'drop table ' || x; END $$",
    "DO $$ BEGIN EXECUTE format('drop table %I', x); END $$",
    "DO LANGUAGE plpython3u $$ import os $$",
    "EXEC sp_executesql @sql",
    "EXEC('DROP ' + @x)",
    "SELECT 'unterminated",
    "this is no statement",
    "SELECT 1\0; DROP TABLE a",
    `SELECT ${"(".repeat(20_000)}`,
    `SELECT ${"(SELECT ".repeat(3000)}1${")".repeat(3000)}`,
    `SELECT a${" IS NULL".repeat(4000)}`,
    `SELECT '${"x".repeat(70_000)}'`,
    "SELECT dblink('x', query)",
    `SELECT 1 ${"/**/".repeat(100)}`,
  ])("is incomplete: %.60s", (sql) => {
    expect(facts(sql).incomplete).toBe(true);
  });

  it("is complete where what runs was prepared in the same text", () => {
    expect(facts("PREPARE p AS SELECT 1; EXECUTE p").incomplete).toBe(false);
  });

  it("still names what destroys", () => {
    expect(facts("EXEC('DROP TABLE a')").kinds).toContain("drop_table");
    expect(facts("DO $$ BEGIN EXECUTE 'DROP TABLE a; ' || x; END $$").kinds).toContain("drop_table");
    expect(facts("DROP\u00a0DATABASE\u200b prod").kinds).toContain("drop_database");
    expect(facts("ＤＲＯＰ ＤＡＴＡＢＡＳＥ prod").kinds).toContain("drop_database");
    expect(facts("SELECT 1\0; DROP TABLE a").kinds).toContain("drop_table");
    expect(facts(`SELECT '${"x".repeat(70_000)}'`).kinds).toEqual(["select"]);
  });

  it("gives the commands that the server would run", () => {
    expect(readSql("COPY t FROM PROGRAM 'curl x | sh'")).toMatchObject({
      facts: { kinds: ["copy", "copy_program"] },
      commands: ["curl x | sh"],
    });
  });
});

describe("the reader", () => {
  const cases = z.array(z.object({ sql: z.string(), destructive: z.boolean() }));

  it("misses none of the labelled cases and raises at most one false alarm", () => {
    const file = readFileSync(new URL("testdata/sql.json", import.meta.url), "utf8");
    const labelled = cases.parse(JSON.parse(file));
    expect(labelled.length).toBeGreaterThan(30);
    const wrong = labelled.filter(({ sql, destructive }) => {
      const found = facts(sql);
      return (isDestructive(sql) || found.incomplete) !== destructive;
    });
    expect(wrong.filter(({ destructive }) => destructive)).toEqual([]);
    expect(wrong.length).toBeLessThanOrEqual(1);
  });

  it("tells SQL from words", () => {
    expect(beginsLikeSql("  -- x\n (SELECT 1)")).toBe(true);
    expect(beginsLikeSql("Please select one")).toBe(false);
    expect(readSql("update the readme to say hello").isSql).toBe(false);
    expect(readSql("Delete the old files from my desk").isSql).toBe(false);
    expect(readSql("DELETE FROM `x`").isSql).toBe(true);
  });

  it("keeps its parser after texts that would break it", () => {
    for (let i = 0; i < 30; i += 1) {
      readSql(`SELECT ${"(SELECT ".repeat(5000)}1`);
      readSql(`SELECT 1${"+1".repeat(30_000)}`);
    }
    expect(parseSql("SELECT 1")).toMatchObject({ tree: expect.anything() });
  });

  it.each([
    "/*",
    "/**/",
    "+-",
    "DELETE FROM a ",
    "UPDATE a SET b=1 ",
    "UPDATE a ",
    "DELETE FROM a;",
    "(SELECT ",
    "$a",
  ])(
    "comes to an end on 60 KB of %s",
    (unit) => {
      expect(facts(`SELECT ${unit.repeat(60_000 / unit.length)}`)).toHaveProperty("incomplete");
    },
    20_000,
  );

  it("reads anything without throwing", () => {
    const pieces = [
      "DELETE",
      "FROM",
      "users",
      "WHERE",
      "id",
      "=",
      "1",
      "'",
      '"',
      "`",
      "[",
      "]",
      "(",
      ")",
      ";",
      "--",
      "/*",
      "*/",
      "/*!",
      "$$",
      "$a$",
      "\\",
      "#",
      "\n",
      "OR",
      "DROP",
      "TABLE",
      "DO",
      "EXEC",
      "E'",
      ",",
      "UPDATE",
      "SET",
      "\0",
      "\ud800",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 24, size: "max" }), (words) => {
        readSql(words.join(" "));
        readSql(words.join(""));
      }),
      { numRuns: 2000 },
    );
  });

  it("sees a statement behind any comments, cases and line breaks between its words", () => {
    const gap = fc
      .array(fc.constantFrom(" ", "\n", "\t", "/* where */", "/* a /* b */ */", "-- where id = 1\n"), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => ` ${parts.join("")} `);
    const word = (text: string): fc.Arbitrary<string> =>
      fc.constantFrom(text, text.toLowerCase(), `${text.charAt(0)}${text.slice(1).toLowerCase()}`);
    fc.assert(
      fc.property(word("DELETE"), gap, word("FROM"), gap, gap, (remove, a, from, b, c) => {
        expect(isDestructive(`${remove}${a}${from}${b}users${c}`)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
