// That names of people and programs don't leave with a corpus, and that a replay knows what they were replaced in.
import { expect, test } from "vitest";
import { toSampleFacts } from "../policy/sample-facts.ts";
import type { RecordLine } from "../replay/record-line.ts";
import { createPseudonyms, hideCallers } from "./pseudonyms.ts";

const id = "01a202c6-0000-7000-8000-000000000001";
const sample = toSampleFacts("request");
const facts = {
  ...sample,
  basis: { altered: ["/request/model"] },
  caller: {
    ...sample.caller,
    subject: "ada@example.com",
    groups: ["developers"],
    claims: { email: "ada@example.com", phone: { home: "555-0100" } },
    acts_for: "grace@example.com",
    agent: { name: "ada-agent", owner: "ada@example.com", purpose: "Ada's own", tools: ["run_sql"] },
    certificate: "thumbprint-of-ada",
    nickname: "Ada of a later version",
  },
  objects: [
    { kind: "file", own: false, known: true, owner: { subject: "grace@example.com", groups: ["admins"] } },
    { kind: "file", own: true, known: true, owner: null },
  ],
};
const line: RecordLine = {
  id,
  subject: "ada@example.com",
  operation: "responses.create",
  stream: true,
  error: null,
  outcome: "completed",
  facts,
  decision: {
    allow: [{ code: "ada@example.com" }],
    deny: [{ code: "not_for", about: "grace@example.com" }],
    limit: [{ code: "quotas", name: "a-day", key: "caller tollgate ada@example.com agent ada-agent" }],
    mask: [{ code: "m", class: "email", with: "token" }],
  },
  later: [{ phase: "tool_call", facts, decision: { label: [{ code: "l", label: "ada@example.com" }] } }],
};

test("replaces each name by the same other one wherever it stands, and empties what it doesn't know", () => {
  const hidden = hideCallers(line, createPseudonyms());
  const text = JSON.stringify({ ...hidden, decision: null });
  expect(text).not.toMatch(/ada@|ada-agent|Ada|grace|555-0100|thumbprint|later version/);
  expect(hidden).toMatchObject({
    id,
    facts: {
      caller: { groups: ["developers"], claims: {}, agent: { tools: ["run_sql"] }, nickname: null },
      objects: [{ owner: { groups: ["admins"] } }, { owner: null }],
    },
    later: [{ phase: "tool_call" }],
  });
  const subject = hidden?.subject ?? "";
  expect(subject).toMatch(/^caller-[0-9a-f]{16}$/);
  expect(hidden?.facts).toMatchObject({ caller: { subject, agent: { owner: subject } } });
  expect(hidden?.later[0]?.decision).toEqual({ label: [{ code: "l", label: subject }] });
  // A code is a code, whoever is called like it.
  expect(hidden?.decision).toMatchObject({ allow: [{ code: "ada@example.com" }] });
  expect(JSON.stringify(hidden?.decision)).not.toMatch(/grace|ada-agent/);
  expect(hidden?.decision).toMatchObject({
    limit: [
      { name: "a-day", key: expect.stringMatching(`^caller tollgate ${subject} agent caller-[0-9a-f]{16}$`) },
    ],
  });
});

test("tells which facts are not what policy saw", () => {
  expect(hideCallers(line, createPseudonyms())?.facts).toMatchObject({
    basis: {
      altered: ["/request/model", "/caller/claims", "/caller/nickname"],
      renamed: [
        "/caller/subject",
        "/caller/acts_for",
        "/caller/agent/name",
        "/caller/agent/owner",
        "/caller/agent/purpose",
        "/caller/certificate",
        "/objects/0/owner/subject",
      ],
    },
  });
});

test("gives other names in another corpus", () => {
  const [one, other] = [1, 2].map(() => hideCallers(line, createPseudonyms())?.subject);
  expect(one).not.toBe(other);
});

test("lets nothing out whose facts can't be read", () => {
  expect(hideCallers({ ...line, facts: { v: 9, who: "ada" } }, createPseudonyms())).toBeNull();
  const broken = { phase: "end", facts: "ada", decision: null };
  expect(hideCallers({ ...line, later: [broken] }, createPseudonyms())).toBeNull();
  expect(hideCallers({ ...line, facts: null, decision: null, later: [] }, createPseudonyms())).toMatchObject({
    facts: null,
  });
});
