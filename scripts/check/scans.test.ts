// Tests what the check finds in the texts of the project.
import { describe, expect, test } from "vitest";
import { findBrokenLinks } from "./links.ts";
import { findSecrets } from "./secrets.ts";
import { findUnwanted } from "./wording.ts";

const filler = "Ab1".repeat(20);

describe("the scan for secrets", () => {
  test.each([
    ["an OpenAI key", "sk-" + "proj-" + filler],
    ["an AWS access key id", "AKIA" + "ABCDEFGH23456777"],
    ["a GitHub token", "ghp_" + filler.slice(0, 36)],
    ["a Slack token", "xoxb-" + filler.slice(0, 30)],
    ["a Stripe key", "sk_" + "live_" + filler.slice(0, 24)],
    ["a private key", "-----BEGIN RSA " + "PRIVATE KEY-----\n" + filler],
  ])("finds %s and tells its place, not the value", (name, secret) => {
    const found = findSecrets([{ path: "a/b.ts", text: `one\ntwo ${secret}\n` }]);
    expect(found).toEqual([`a/b.ts:2: this is shaped like ${name}`]);
  });

  test("leaves alone what is put together when it is read, and what only begins like a key", () => {
    const text = `const key = "sk-" + "proj-" + filler; // sk-…, AKIA…, ghp_…, sk-not-a-key, task-force`;
    expect(findSecrets([{ path: "a.ts", text }])).toEqual([]);
  });
});

describe("the scan for wording", () => {
  test.each([
    ["gateway/a.ts", "// TO" + "DO: later", "a marker of work to do"],
    ["docs/a.md", "see /ho" + "me/someone/project", "a path of one person's machine"],
    ["gateway/a.test.ts", "test.on" + 'ly("one", () => {});', "a test that is set aside"],
    ["gateway/a.ts", "// oxlint-" + "disable-next-line", "a comment that switches a rule off"],
    [
      "package-lock.json",
      '"resolved": "https://mirror.example/a.tgz"',
      "a package that does not come from the public registry",
    ],
  ])("finds in %s: %s", (path, text, what) => {
    expect(findUnwanted([{ path, text }])).toEqual([`${path}:1: ${what}`]);
  });

  test("leaves plain sentences and other folders alone", () => {
    const text =
      "Tests are never left out; /var/lib/tollgate and /v1/responses are paths, and so is test/work/a.";
    expect(findUnwanted([{ path: "docs/a.md", text }])).toEqual([]);
  });
});

describe("the scan for links", () => {
  const files = [
    { path: "README.md", text: "# A title\n\n## Two `words`, here\n" },
    { path: "docs/errors.md", text: "# Errors\n" },
  ];

  test("accepts files, folders, headings and addresses elsewhere", () => {
    const text =
      "[a](../README.md) [b](errors.md#errors) [c](../README.md#two-words-here) [d](../docs/) [e](https://example.com) [f](#own)\n\n# Own";
    expect(findBrokenLinks([...files, { path: "docs/a.md", text }])).toEqual([]);
  });

  test("finds a missing file and a missing heading", () => {
    const text = "[a](missing.md)\n[b](errors.md#other) `[c](code.md)`";
    expect(findBrokenLinks([...files, { path: "docs/a.md", text }])).toEqual([
      "docs/a.md:1: missing.md leads nowhere",
      "docs/a.md:2: errors.md#other leads nowhere",
    ]);
  });
});
