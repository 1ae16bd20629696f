// A start that cannot succeed ends at once, with a line that says why.
import { expect, test } from "vitest";
import { findPort, runTollgate } from "./gateway.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");

test("a database that is not there ends the start with code 1 and one line, without its password", async () => {
  const { code, stdout, stderr } = await runTollgate(["start"], {
    DATABASE_URL: `postgres://tollgate:a-password@127.0.0.1:${await findPort()}/tollgate`,
    TOLLGATE_ENCRYPTION_KEY: "env:TEST_ENCRYPTION_KEY",
    TEST_ENCRYPTION_KEY: KEY,
    TOLLGATE_LISTEN: "127.0.0.1:0",
    TOLLGATE_ADMIN_LISTEN: "off",
    TOLLGATE_SIMULATE: "true",
  });
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^tollgate: .*database.*ECONNREFUSED.*\n$/i);
  expect(stderr).not.toContain("a-password");
});

test("a database of one's own without an encryption key is refused with what is missing", async () => {
  const { code, stdout, stderr } = await runTollgate(["start"], {
    DATABASE_URL: `postgres://tollgate:a-password@127.0.0.1:${await findPort()}/tollgate`,
    TOLLGATE_SIMULATE: "true",
  });
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/TOLLGATE_ENCRYPTION_KEY.*expected a reference to a key, env:NAME or file:PATH/);
  expect(stderr).not.toContain("a-password");
});
