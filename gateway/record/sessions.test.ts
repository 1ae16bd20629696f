import { randomBytes } from "node:crypto";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { exampleCaller, toClosed, toContext, toOpened, toSession } from "../../test/fixtures/example-rows.ts";
import { startRecord } from "./record.ts";
import type { Record } from "./record.ts";
import type { Session } from "./rows.ts";
import { createBox } from "./seal.ts";
import { continueHistory } from "./history.ts";
import type { HistoryItem, Token } from "./history.ts";
import type { SessionQuery } from "./sessions.ts";

let database: TestDatabase;
const started: Record[] = [];
const digestKey = randomBytes(32);

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(started.map((record) => record.stop()));
  await database[Symbol.asyncDispose]();
});

/** What one process of the gateway has: caches of its own, wired to its recorder; the keys are those of all. */
function startProcess(): Record {
  const record = startRecord({
    db: database.db,
    box: createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey }),
    originals: { seal: () => ({ sealed: Buffer.alloc(0), keyId: "k1" }) },
    originalsMs: 86_400_000,
    log: { warn: () => undefined, error: () => undefined },
  });
  started.push(record);
  return record;
}

/** Resolves and records as the pipeline does; the model answers with an item. */
async function visit(
  { sessions, recorder }: Record,
  query: SessionQuery,
  answer: readonly HistoryItem[] = [],
): Promise<Session> {
  const session = await sessions.resolve(query);
  const opened = toOpened({ session, caller: { ...exampleCaller, ...query.caller } });
  await recorder.opened(opened);
  await answerWith({ recorder }, session, opened.id, answer);
  return session;
}

async function answerWith(
  { recorder }: Pick<Record, "recorder">,
  { id: sessionId, history: asked }: Session,
  exchangeId: string,
  answer: readonly HistoryItem[],
): Promise<void> {
  const said = answer.map(({ hash }) => toToken(hash));
  const next = asked === null ? null : continueHistory(asked, said);
  await recorder.closed(toClosed(exchangeId, { sessionId, history: next, responseIds: [] }));
}

function toToken(hash: string): Token {
  return { isCall: false, digest: `token ${hash}` };
}

function ask(changes: Partial<SessionQuery> = {}): SessionQuery {
  return {
    caller: exampleCaller,
    connection: "openai",
    header: null,
    previousResponseId: null,
    conversation: null,
    items: [],
    start: null,
    tokenOf: (index) => toToken(changes.items?.[index]?.hash ?? ""),
    marks: () => [],
    ...changes,
  };
}

/** Items by a short notation: capitals are the model's. */
function history(prefix: string, letters: string): readonly HistoryItem[] {
  return letters.split("").map((letter) => ({
    hash: `${prefix}-${letter}`,
    fromModel: letter !== letter.toLowerCase(),
  }));
}

test("gives a session of its own to what continues nothing", async () => {
  const gateway = startProcess();
  const first = await visit(gateway, ask({ items: history("own", "su") }));
  const second = await visit(gateway, ask({ items: history("own", "su") }));
  expect(first).toMatchObject({ origin: "own", isNew: true, labels: [] });
  expect(second.id).not.toBe(first.id);
});

test("finds the session by the longest history that was sent and answered before, in this process and in another", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const first = await visit(one, ask({ items: history("h", "su") }), history("h", "A"));
  const second = await visit(one, ask({ items: history("h", "suAv") }), history("h", "BC"));
  const third = await visit(two, ask({ items: history("h", "suAvBCw") }));
  const fork = await visit(two, ask({ items: history("h", "suAy") }));
  const foreign = await visit(two, ask({ items: history("h", "suXy") }));
  expect(second).toMatchObject({ id: first.id, origin: "history", isNew: false });
  expect(third).toMatchObject({ id: first.id, origin: "history", isNew: false });
  expect(fork.id).toBe(first.id);
  // What nobody answered so was never a turn of the session.
  expect(foreign.origin).toBe("own");
  expect(await database.db.sql`select 1 from sessions where id = ${first.id}`).toHaveLength(1);
});

test("tells runs apart that ask the same, by what was answered, in this process and in another", async () => {
  const [one, two, three] = [startProcess(), startProcess(), startProcess()];
  const a = await visit(one, ask({ items: history("same", "su") }), history("same", "A"));
  const b = await visit(two, ask({ items: history("same", "su") }), history("same", "B"));
  expect(b.id).not.toBe(a.id);
  for (const { sessions } of [one, two, three]) {
    expect((await sessions.resolve(ask({ items: history("same", "suAv") }))).id).toBe(a.id);
    expect((await sessions.resolve(ask({ items: history("same", "suBv") }))).id).toBe(b.id);
  }
});

test("begins a session where several are the same to the last word", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const ids = new Set<string>();
  for (let run = 0; run < 2; run += 1) {
    const { id } = await visit(one, ask({ items: history("twins", "su") }), history("twins", "A"));
    ids.add(id);
  }
  // Of the next turns, too, none may take the other's place.
  const next = await visit(two, ask({ items: history("twins", "suAv") }), history("twins", "B"));
  const other = await visit(one, ask({ items: history("twins", "suAw") }), history("twins", "B"));
  expect([next.origin, other.origin]).toEqual(["own", "own"]);
  for (const { id } of [next, other]) ids.add(id);
  expect(ids.size).toBe(4);
  expect((await visit(one, ask({ items: history("twins", "suAvBx") }))).id).toBe(next.id);
  expect((await visit(two, ask({ items: history("twins", "suAwBx") }))).id).toBe(other.id);
});

test("carries what sticks to an answer with it, whatever session it comes back to, and to no other caller", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const caller = { ...exampleCaller, tenant: "answers" };
  await one.recorder.labelled({
    tenant: "answers",
    labels: ["pii"],
    itemHashes: ["said:1"],
    sessionId: null,
    exchangeId: uuid(),
    at: Date.now(),
  });
  for (const { sessions } of [one, two]) {
    const carried = await sessions.resolve(ask({ caller, marks: () => ["said:1", "said:2"] }));
    const clean = await sessions.resolve(ask({ caller, marks: () => ["said:2"] }));
    expect(carried.labels).toEqual(["pii"]);
    expect(clean.labels).toEqual([]);
  }
});

test("never joins histories of two callers", async () => {
  const gateway = startProcess();
  const first = await visit(gateway, ask({ items: history("c", "u") }), history("c", "A"));
  const other = { ...exampleCaller, subject: "other" };
  const second = await gateway.sessions.resolve(ask({ caller: other, items: history("c", "uAv") }));
  expect(second.id).not.toBe(first.id);
});

test("does not join runs that only begin alike", async () => {
  const gateway = startProcess();
  await visit(gateway, ask({ items: history("b", "su") }));
  const other = await visit(gateway, ask({ items: history("b", "sv") }));
  expect(other.origin).toBe("own");
});

test("groups by the caller's own name for a session, the same in each process, another for each caller", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const first = await visit(one, ask({ header: "run 7" }));
  const again = await visit(one, ask({ header: "run 7", items: history("n", "u") }));
  const elsewhere = await two.sessions.resolve(ask({ header: "run 7" }));
  const other = await two.sessions.resolve(
    ask({ header: "run 7", caller: { ...exampleCaller, issuer: "x" } }),
  );
  expect(first).toMatchObject({ origin: "header", name: "run 7", isNew: true });
  expect(again).toMatchObject({ id: first.id, isNew: false });
  expect(elsewhere.id).toBe(first.id);
  expect(other.id).not.toBe(first.id);
});

test("continues the session of a response or conversation that the caller owns, never another's", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const session = await visit(one, ask({ items: history("r", "u") }));
  const context = toContext({ sessionId: session.id });
  await one.recorder.owns(
    [
      { kind: "response", id: "resp_s" },
      { kind: "conversation", id: "conv_s" },
    ],
    context,
  );
  for (const gateway of [one, two]) {
    const byResponse = await gateway.sessions.resolve(ask({ previousResponseId: "resp_s" }));
    const byConversation = await gateway.sessions.resolve(ask({ conversation: "conv_s" }));
    const other = await gateway.sessions.resolve(
      ask({ previousResponseId: "resp_s", caller: { ...exampleCaller, subject: "other" } }),
    );
    expect(byResponse).toMatchObject({ id: session.id, origin: "response", isNew: false });
    expect(byConversation).toMatchObject({ id: session.id, origin: "conversation" });
    expect(other.id).not.toBe(session.id);
  }
});

test("carries labels with the session, with items into other sessions, and with stored responses; a header never cleans them", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const caller = { ...exampleCaller, tenant: "labels" };
  const items = history("l", "ut");
  const session = await one.sessions.resolve(ask({ caller, items }));
  expect(session.labels).toEqual([]);
  const row = toOpened({ session, caller });
  await one.recorder.opened(row);
  await answerWith(one, session, row.id, history("l", "A"));
  await one.recorder.labelled({
    tenant: "labels",
    labels: ["pii", "secret"],
    itemHashes: ["l-t"],
    sessionId: session.id,
    exchangeId: row.id,
    at: Date.now(),
  });
  await one.recorder.owns(
    [{ kind: "response", id: "resp_l" }],
    toContext({ caller, labels: ["stored"], sessionId: null }),
  );
  for (const gateway of [one, two]) {
    const next = await gateway.sessions.resolve(ask({ caller, items: history("l", "utAv") }));
    const renamed = await gateway.sessions.resolve(
      ask({ caller, header: "clean", items: history("l", "t") }),
    );
    const clean = await gateway.sessions.resolve(ask({ caller, header: "clean", items: history("l", "x") }));
    const elsewhere = await gateway.sessions.resolve(ask({ caller: { ...caller, tenant: "else" }, items }));
    expect(next.labels).toEqual(["pii", "secret"]);
    expect(renamed.labels).toEqual(["pii", "secret"]);
    expect(clean.labels).toEqual([]);
    expect(elsewhere.labels).toEqual([]);
  }
  const stored = toSession({ id: session.id });
  await two.recorder.owns(
    [{ kind: "response", id: "resp_m" }],
    toContext({ caller, labels: ["stored"], sessionId: stored.id }),
  );
  const continued = await one.sessions.resolve(ask({ caller, previousResponseId: "resp_m" }));
  expect(continued.labels).toEqual(["pii", "secret", "stored"]);
});

test("a header keeps the labels of what is continued: of the response, the conversation, and the history's session", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const caller = { ...exampleCaller, tenant: "header" };
  const label = async (text: string, items: readonly HistoryItem[]): Promise<string> => {
    const session = await one.sessions.resolve(ask({ caller, items }));
    const row = toOpened({ session, caller });
    await one.recorder.opened(row);
    await answerWith(one, session, row.id, history("hk", "A"));
    const { id: sessionId } = session;
    const what = { tenant: "header", itemHashes: [], sessionId, exchangeId: row.id, at: Date.now() };
    await one.recorder.labelled({ ...what, labels: [text] });
    return sessionId;
  };
  const sessionId = await label("of the session", history("hk", "u"));
  const stored = { caller, sessionId, labels: ["of the object"] };
  await one.recorder.owns([{ kind: "response", id: "resp_hk" }], toContext(stored));
  await one.recorder.owns(
    [{ kind: "conversation", id: "conv_hk" }],
    toContext({ caller, sessionId: null, labels: ["of the conversation"] }),
  );
  for (const { sessions } of [one, two]) {
    for (const header of [null, "fresh"]) {
      const byHistory = await sessions.resolve(ask({ caller, header, items: history("hk", "uAv") }));
      const byResponse = await sessions.resolve(ask({ caller, header, previousResponseId: "resp_hk" }));
      const byConversation = await sessions.resolve(ask({ caller, header, conversation: "conv_hk" }));
      const byBoth = await sessions.resolve(
        ask({ caller, header, previousResponseId: "resp_hk", conversation: "conv_hk" }),
      );
      expect(byHistory.labels).toEqual(["of the session"]);
      expect(byResponse.labels).toEqual(["of the object", "of the session"]);
      expect(byConversation.labels).toEqual(["of the conversation"]);
      expect(byBoth.labels).toEqual(["of the conversation", "of the object", "of the session"]);
      expect(byResponse.origin).toBe(header === null ? "response" : "header");
    }
    // Each turn under another name: the label goes from session to session.
    const turn = uuid();
    const [b, c] = [history(turn, "B"), history(turn, "C")];
    const asked = [...history("hk", "uA"), ...history(turn, "v")];
    const then = [...asked, ...b, ...history(turn, "w")];
    await visit(one, ask({ caller, header: `${turn} a`, items: asked }), b);
    await visit(two, ask({ caller, header: `${turn} b`, items: then }), c);
    const last = await sessions.resolve(
      ask({ caller, header: `${turn} c`, items: [...then, ...c, ...history(turn, "x")] }),
    );
    expect(last.labels).toEqual(["of the session"]);
    const other = await sessions.resolve(
      ask({ caller: { ...caller, subject: "other" }, header: "fresh", previousResponseId: "resp_hk" }),
    );
    expect(other.labels).toEqual([]);
  }
});

test("sees a label that another process has just set on a session", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const caller = { ...exampleCaller, tenant: "fresh" };
  const query = ask({ caller, header: "run" });
  const label = (text: string, sessionId: string): Promise<void> =>
    two.recorder.labelled({
      tenant: "fresh",
      labels: [text],
      itemHashes: [],
      sessionId,
      exchangeId: uuid(),
      at: Date.now(),
    });
  const { id } = await one.sessions.resolve(query);
  await label("first", id);
  await expect
    .poll(async () => (await one.sessions.resolve(query)).labels, { timeout: 3_000 })
    .toEqual(["first"]);
  await label("second", id);
  expect((await one.sessions.resolve(query)).labels).toEqual(["first", "second"]);
});

test("tells a foreign object from an own one", async () => {
  const [one, two] = [startProcess(), startProcess()];
  await one.recorder.owns([{ kind: "response", id: "resp_o" }], toContext());
  for (const gateway of [one, two]) {
    const { ledger } = gateway;
    const own = { kind: "response", id: "resp_o" };
    const unknown = { kind: "response", id: "resp_unknown" };
    const mine = { subject: exampleCaller.subject, groups: exampleCaller.groups };
    expect(await ledger.owners("openai", [own])).toMatchObject([mine]);
    expect(await ledger.owners("openai", [own, unknown])).toMatchObject([mine, null]);
    expect(await ledger.owners("openai", [{ ...own, kind: "file" }])).toEqual([null]);
    expect(await ledger.owners("second", [own])).toEqual([null]);
    expect(await ledger.owner("openai", "response", "resp_unknown")).toBeNull();
  }
});

test("finds the calls that were replaced, for whom they concern, until the conversation has outputs for them", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const context = toContext();
  await one.recorder.replaced({
    ...context,
    callId: "call_d",
    type: "function_call",
    responseId: "resp_d",
    conversationId: "conv_d",
    messageId: "msg_tg_1",
    reasoningIds: ["rs_1", "rs_2"],
    itemId: "fc_1",
    code: "sql_drop",
  });
  const nothing = {
    caller: exampleCaller,
    connection: "openai",
    responseId: null,
    conversationId: null,
    messageIds: [],
    reasoningIds: [],
  };
  const expected = [
    {
      callId: "call_d",
      type: "function_call",
      reasoningIds: ["rs_1", "rs_2"],
      settled: false,
      itemId: "fc_1",
    },
  ];
  for (const { ledger } of [one, two]) {
    expect(await ledger.replaced({ ...nothing, responseId: "resp_d" })).toMatchObject(expected);
    expect(await ledger.replaced({ ...nothing, messageIds: ["msg_x", "msg_tg_1"] })).toMatchObject(expected);
    // Whoever asks first for another's reasoning finds nothing, and takes nothing from its owner.
    const stranger = { ...exampleCaller, subject: "x" };
    expect(await ledger.replaced({ ...nothing, reasoningIds: ["rs_2"], caller: stranger })).toEqual([]);
    expect(await ledger.replaced({ ...nothing, reasoningIds: ["rs_2"] })).toMatchObject(expected);
    await ledger.replaced({ ...nothing, reasoningIds: ["rs_clean"] });
    // What is known to be tied to nothing is not asked for again.
    expect(ledger.replaced({ ...nothing, reasoningIds: ["rs_clean"] })).toEqual([]);
    expect(await ledger.replaced({ ...nothing, conversationId: "conv_d" })).toMatchObject(expected);
    // Whoever may continue the response must make it good, and nobody of another tenant may.
    const shared = { ...nothing, responseId: "resp_d", caller: stranger };
    expect(await ledger.replaced(shared)).toMatchObject(expected);
    const outside = { ...exampleCaller, tenant: "other" };
    expect(await ledger.replaced({ ...nothing, responseId: "resp_d", caller: outside })).toEqual([]);
    expect(await ledger.replaced({ ...nothing, messageIds: ["msg_tg_1"], caller: stranger })).toEqual([]);
    expect(await ledger.replaced(nothing)).toEqual([]);
  }
  await one.ledger.settle(nothing, "conv_d", ["call_d"]);
  expect(await two.ledger.replaced({ ...nothing, conversationId: "conv_d" })).toEqual([]);
  expect(await two.ledger.replaced({ ...nothing, responseId: "resp_d" })).toMatchObject([{ settled: true }]);
});

test("knows objects and replaced calls by ids of any length", async () => {
  const [one, two] = [startProcess(), startProcess()];
  const toLong = (prefix: string): string => prefix + randomBytes(9_000).toString("base64url");
  const [responseId, conversationId, messageId, reasoningId, callId, fileId] = [
    toLong("resp_"),
    toLong("conv_"),
    toLong("msg_"),
    toLong("rs_"),
    toLong("call_"),
    toLong("file-"),
  ];
  const file = { kind: "file", id: fileId };
  await one.recorder.owns([file], toContext());
  await one.recorder.replaced({
    ...toContext(),
    callId,
    type: "function_call",
    responseId,
    conversationId,
    messageId,
    reasoningIds: [reasoningId],
    itemId: null,
    code: "sql_drop",
  });
  await one.recorder.closed(toClosed(uuid(), { responseIds: [responseId] }));
  const nothing = {
    caller: exampleCaller,
    connection: "openai",
    responseId: null,
    conversationId: null,
    messageIds: [],
    reasoningIds: [],
  };
  for (const { ledger } of [one, two]) {
    expect(await ledger.owner("openai", "file", fileId)).not.toBeNull();
    expect(await ledger.owners("openai", [file, { kind: "file", id: `${fileId}x` }])).toMatchObject([
      {},
      null,
    ]);
    for (const query of [
      { responseId },
      { conversationId },
      { messageIds: [messageId] },
      { reasoningIds: [reasoningId] },
    ]) {
      expect(await ledger.replaced({ ...nothing, ...query })).toHaveLength(1);
    }
  }
  await one.ledger.settle(nothing, conversationId, [callId]);
  expect(await two.ledger.replaced({ ...nothing, conversationId })).toEqual([]);
});
