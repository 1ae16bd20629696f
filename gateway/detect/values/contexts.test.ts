import { describe, expect, test } from "vitest";
import { TABLES } from "./tables.ts";
import { createDetectorCompiler } from "./values.ts";

const detector = createDetectorCompiler(TABLES)({});
const find = (text: string): string[] =>
  detector.scan(text, "message", "request").map(({ start, end }) => text.slice(start, end));

const HEAD = ["ey", "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"].join("");
const BODY = ["ey", "JzdWIiOiJub2JvZHkiLCJpYXQiOjE3MDE0MDEzMDN9"].join("");
const JWT = `${HEAD}.${BODY}.uYQ05E6RnXStMvbwmqoOI2rIsiQ6dVRvlHf80TemsRt`;
const wrap = (text: string, width: number, end = "\n"): string =>
  (text.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join(end);

describe("a secret is found", () => {
  test.each([
    ["after curl's option", "curl -u admin:s3cr3t-Pw https://x.example.com/", "s3cr3t-Pw"],
    ["in quotation marks after it", "curl -s --user 'admin:my s3cret pw' https://x", "my s3cret pw"],
    ["of a proxy", 'curl --proxy-user "a:b9!xQ2z" h', "b9!xQ2z"],
    ["in a list of arguments", '["curl","-u","bob:hunter2!"]', "hunter2!"],
    ["after the option of a command that is not known", "fetchit -u admin:Xy9kLmn3p q", "Xy9kLmn3p"],
    ["in a pair of YAML", "env:\n  - name: DB_PASSWORD\n    value: hunter2-Xy9\n", "hunter2-Xy9"],
    ["in a pair of JSON", '{"name":"DB_PASSWORD","value":"hunter2-Xy9"}', "hunter2-Xy9"],
    [
      "in a pair of JSON on two lines",
      '{\n  "Name": "DB_PASSWORD",\n  "Value": "hunter2-Xy9"\n}',
      "hunter2-Xy9",
    ],
    ["in a form of HTML", '<input name="password" value="Hunter2pass!">', "Hunter2pass!"],
    ["after Bearer alone", "use Bearer aB3dE5fG7hJ9kL1mN0pQ for it", "aB3dE5fG7hJ9kL1mN0pQ"],
    ["with letters of German", "password: Müller-Straße-42!", "Müller-Straße-42!"],
    ["with letters of Russian", "пароль: Секрет-2024!", "Секрет-2024!"],
    ["up to the closing quotation mark", 'password="Tr0ub4dor &3 xyz"', "Tr0ub4dor &3 xyz"],
    ["with other quotation marks and semicolons in it", `password = "a;b'c<d>1234!"`, "a;b'c<d>1234!"],
    ["with an escaped quotation mark in it", 'password = "ab\\"cd9!ef12"; next', 'ab\\"cd9!ef12'],
    ["in JSON within JSON", '{\\"password\\":\\"ab9xQz!kk2\\",\\"b\\":\\"c\\"}', "ab9xQz!kk2"],
  ])("%s", (_, text, expected) => {
    expect(find(text)).toEqual([expected]);
  });

  test.each([40, 64, 76])("where a token is wrapped after %i characters, and no more than it", (width) => {
    for (const end of ["\n", "\r\n"]) {
      const wrapped = wrap(JWT, width, end);
      expect(find(wrapped)).toEqual([wrapped]);
      expect(find(`${wrapped} next`)).toEqual([wrapped]);
    }
    expect(find(`it is ${JWT}\nNext comes a line`)).toEqual([JWT]);
  });
});

describe("no secret is found", () => {
  test.each([
    "docker run -u 1000:1000 x",
    "docker run -u app:app x",
    "curl -u $USER:$PASS x",
    "curl -u user:password x",
    "git push -u origin main",
    "wget -u http://x/y",
    '{"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name":"x9s8d7f6g5h4"}}}',
    "- name: PASSWORD_FILE\n  value: /run/x1y2z3",
    "- name: DB_PASSWORD\n  value: $(DB_PASSWORD)",
    "Bearer authentication-is-required-here",
    "the bearer of this 12345678901234567890",
    "пароль: обязательно",
    "Passwort: ungültig-und-falsch",
    "пароль: минимум-8-символов",
    "密码：请输入8位以上的密码然后点击",
    "contraseña: contraseña-nueva",
    `"password":"don't-tell-anyone"`,
    'password: "must be at least 8"',
    "{'password': 'a', 'b': 'c'}",
    `${HEAD}\nsome.words12345 here`,
  ])("in %s", (text) => {
    expect(find(text)).toEqual([]);
  });
});
