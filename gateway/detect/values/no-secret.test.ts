// What counts as no secret, and that what is left to chance counts as one.
import { expect, test } from "vitest";
import { createRandom, sampleShape } from "../../../test/made/shape-sample.ts";
import { isPlaceholder } from "./no-secret.ts";

test.each([
  "${DB_PASSWORD}",
  "${DB_PASSWORD:-changeme}",
  "${{secrets.TOKEN}}",
  "$DB_PASSWORD",
  "$databasePassword",
  "$(get-secret",
  "%DB_PASSWORD%",
  "%(password)s",
  "{{api_token}}",
  "#{config.token}",
  "@DATABASE_PASSWORD@",
  "{password}",
  "<your-password>",
  "[your password]",
  ":password",
  "!vault",
  "!Ref",
  "ENC[AES256_GCM,data:8bHx]",
  "vault:secret/data/app#password",
  "op://vault/item/field",
  "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app",
  "https://vault.example.com/v1/secret",
  "/run/secrets/db_password",
  "~/.ssh/id_rsa",
])("the reference %s is none", (value) => {
  expect(isPlaceholder(value)).toBe(true);
});

test.each([
  "process.env.DB_PASSWORD",
  "process.env.S3_SECRET",
  "os.environ[",
  'os.environ["DB_PASSWORD"]',
  "getenv(",
  'env("DB_PASSWORD")',
  "ENV.fetch(",
  "config.database.password,",
  "this.#apiKey",
  "options?.apiKey,",
  "getPassword(user,",
  "hashlib.sha256(value).hexdigest()",
  "randomBytes(32).toString(",
  "derive(secrets.encryptionKey,",
  "z.string().min(6),",
  "function(connection,",
  "users[0].password",
  "/^[A-Za-z0-9_.-]+$/",
  "--keyring=",
  "128000,knowledge_cutoff:new",
  "admin&connectTimeoutMS=300000",
])("the code %s is none", (value) => {
  expect(isPlaceholder(value)).toBe(true);
});

test.each([
  "password",
  "databasePassword",
  "confirm-password",
  "userApiKey",
  "secretKeyRef",
  "string|null",
  "Optional[str]",
  "undefined",
  "required!",
  "bert-base-uncased",
  "scram-sha-256",
  "refresh_token_v2",
  "2024-01-31",
  "127.0.0.1:5432",
  "1234567890",
])("the word, type or number %s is none", (value) => {
  expect(isPlaceholder(value)).toBe(true);
});

test.each([
  "changeme",
  "ChangeMe123!",
  "your_api_key_here",
  "YOUR-SECRET-KEY",
  "yourpassword1",
  "my-secret-token-1",
  "test_password_123",
  "replace-with-32-characters",
  "xxxxxxxxxxxxxxxx",
  "sk-xxxxxxxxxxxxxxxxxxxx",
  "****************",
  "................",
  "••••••••",
  "__________",
  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "abcdefghijklmnop",
  "0123456789abcdef",
  "aaaaaaaaaaaa",
  "<redacted>",
  "[REDACTED:password]",
  "todo-set-this-later",
])("the placeholder %s is none", (value) => {
  expect(isPlaceholder(value)).toBe(true);
});

test.each([
  ["letters and digits", "[A-Za-z0-9]{12,40}"],
  ["small letters and digits", "[a-z0-9]{16,40}"],
  ["hexadecimal digits", "[0-9a-f]{24,64}"],
  ["base64", "[A-Za-z0-9+/]{16,60}={0,2}"],
  ["base64 of URLs", "[\\w-]{16,60}"],
  ["a password with signs", "[A-Za-z0-9!@#$%^&*]{12,24}"],
  ["a password with all signs", "[^\"'`<>;]{12,24}"],
])("%s left to chance are a secret", (_, shape) => {
  const random = createRandom(6);
  const lost: string[] = [];
  for (let k = 0; k < 4000; k += 1) {
    const sample = `${sampleShape(shape, random)}7x`;
    if (isPlaceholder(sample)) lost.push(sample);
  }
  expect(lost.length).toBeLessThan(16);
});

test.each([
  "Password123!",
  "secret123",
  "hunter2hunter2",
  "P@ssw0rd",
  "Sommer2024!",
  "correct.horse!battery7",
  "S3cr3t-K3y",
])("the weak password %s is one nevertheless", (value) => {
  expect(isPlaceholder(value)).toBe(false);
});

test("what a variable falls back to decides", () => {
  expect(isPlaceholder("${DB_PASSWORD:-tR4kq9!vLm}")).toBe(false);
  expect(isPlaceholder("${DB_PASSWORD:-}")).toBe(true);
});

test("a long value is decided by its beginning", () => {
  for (const piece of ["a", "!", "(", "a(", "a.", "%", "${", "{{", "--a", "&a=", "_0", "aA", "\\", "[a]"]) {
    expect(typeof isPlaceholder(piece.repeat(200_000))).toBe("boolean");
  }
});
