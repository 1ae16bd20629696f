// The simulated API's stored objects over the wire, where the clients would not show it: ranges, cursors, sums, errors.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../exchange.ts";
import { isObject, objectsAt, parseText, stringAt } from "../read-json.ts";
import { createSimulator } from "../server.ts";

const simulator = createSimulator({ credential: "right", adminCredential: "admin" });
let base = "";
beforeAll(async () => {
  base = (await simulator.listen(0, "127.0.0.1")).url;
});
afterAll(() => simulator.close());

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: JsonObject;
};

async function ask(
  method: string,
  path: string,
  body?: Json | FormData,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: { authorization: "Bearer right", ...headers },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = parseText(text);
  return { status: response.status, headers: response.headers, text, body: isObject(parsed) ? parsed : {} };
}

function form(
  fields: Readonly<Record<string, string>>,
  file: string,
  content: string,
  name: string,
): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append(file, new Blob([content]), name);
  return form;
}

async function upload(content: string, purpose = "user_data", name = "notes.txt"): Promise<string> {
  const { body } = await ask("POST", "/files", form({ purpose }, "file", content, name));
  return stringAt(body, "id") ?? "";
}

function idsOf(answer: Answer): readonly (string | null)[] {
  return objectsAt(answer.body, "data").map((object) => stringAt(object, "id"));
}

function errorOf(answer: Answer): readonly [number, Json | undefined, Json | undefined] {
  const { error } = answer.body;
  return [
    answer.status,
    isObject(error) ? error["type"] : undefined,
    isObject(error) ? error["param"] : undefined,
  ];
}

describe("files", () => {
  test("are given back whole or by range", async () => {
    const id = await upload("0123456789");
    const whole = await ask("GET", `/files/${id}/content`);
    expect([whole.text, whole.headers.get("content-length")]).toEqual(["0123456789", "10"]);
    expect(whole.headers.get("content-disposition")).toBe('attachment; filename="notes.txt"');
    for (const [range, text, told] of [
      ["bytes=2-4", "234", "bytes 2-4/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-3", "789", "bytes 7-9/10"],
      ["bytes=8-99", "89", "bytes 8-9/10"],
    ]) {
      const part = await ask("GET", `/files/${id}/content`, undefined, { range: range ?? "" });
      expect([part.status, part.text, part.headers.get("content-range")]).toEqual([206, text, told]);
      expect(part.headers.get("etag")).toBe(whole.headers.get("etag"));
    }
    expect((await ask("GET", `/files/${id}/content`, undefined, { range: "bytes=10-" })).status).toBe(416);
  });

  test("refuse what is no form, a purpose that is none, and lines that are no JSON", async () => {
    expect(errorOf(await ask("POST", "/files", { purpose: "batch" }))).toEqual([
      400,
      "invalid_request_error",
      null,
    ]);
    const truncated = await ask("POST", "/files", "--x\r\nContent-Disposition: form-data", {
      "content-type": "multipart/form-data; boundary=x",
    });
    expect(truncated.status).toBe(400);
    const wrong = await ask("POST", "/files", form({ purpose: "fun" }, "file", "a", "a.txt"));
    expect(errorOf(wrong)).toEqual([400, "invalid_request_error", "purpose"]);
    const prose = await ask("POST", "/files", form({ purpose: "batch" }, "file", "prose", "a.jsonl"));
    expect(errorOf(prose)).toEqual([400, "invalid_request_error", "file"]);
  });

  test("are listed newest first, page by page, whoever made them", async () => {
    const made = [await upload("a", "vision"), await upload("b", "vision"), await upload("c", "vision")];
    const first = await ask("GET", "/files?purpose=vision&limit=2");
    expect([idsOf(first), first.body["has_more"]]).toEqual([[made[2], made[1]], true]);
    const second = await ask("GET", `/files?purpose=vision&limit=2&after=${stringAt(first.body, "last_id")}`);
    expect([idsOf(second), second.body["has_more"]]).toEqual([[made[0]], false]);
    const asc = await ask("GET", "/files?purpose=vision&order=asc&limit=1");
    expect(idsOf(asc)).toEqual([made[0]]);
    const none = await ask("GET", "/files?purpose=evals");
    expect(none.body).toMatchObject({ data: [], first_id: null, last_id: null, has_more: false });
    expect(errorOf(await ask("GET", "/files?after=file-x"))).toEqual([400, "invalid_request_error", "after"]);
    expect(errorOf(await ask("GET", "/files?limit=0"))).toEqual([400, "invalid_request_error", "limit"]);
  });

  test("are gone once deleted", async () => {
    const id = await upload("a");
    expect((await ask("DELETE", `/files/${id}`)).body).toEqual({ id, object: "file", deleted: true });
    for (const path of [`/files/${id}`, `/files/${id}/content`])
      expect(errorOf(await ask("GET", path))).toEqual([404, "invalid_request_error", null]);
  });
});

describe("uploads", () => {
  async function begin(bytes: number): Promise<string> {
    const body = { filename: "a.txt", purpose: "assistants", bytes, mime_type: "text/plain" };
    return stringAt((await ask("POST", "/uploads", body)).body, "id") ?? "";
  }
  async function addPart(id: string, content: string): Promise<string> {
    const part = await ask("POST", `/uploads/${id}/parts`, form({}, "data", content, "blob"));
    return stringAt(part.body, "id") ?? "";
  }

  test("put their parts together in the order that is named", async () => {
    const id = await begin(4);
    const [first, second] = [await addPart(id, "cd"), await addPart(id, "ab")];
    const md5 = createHash("md5").update("abcd").digest("hex");
    const done = await ask("POST", `/uploads/${id}/complete`, { part_ids: [second, first], md5 });
    expect([done.body["status"], done.body["id"]]).toEqual(["completed", id]);
    const content = await ask("GET", `/files/${stringAt(done.body["file"], "id")}/content`);
    expect(content.text).toBe("abcd");
    expect((await ask("POST", `/uploads/${id}/parts`, form({}, "data", "e", "blob"))).status).toBe(400);
  });

  test("refuse a wrong sum, a wrong length and a part of another upload", async () => {
    const id = await begin(2);
    const part = await addPart(id, "ab");
    const other = await addPart(await begin(2), "ab");
    for (const body of [{ part_ids: [part], md5: "0" }, { part_ids: [part, part] }, { part_ids: [other] }])
      expect((await ask("POST", `/uploads/${id}/complete`, body)).status).toBe(400);
    expect((await ask("POST", `/uploads/${id}/cancel`)).body["status"]).toBe("cancelled");
  });
});

describe("vector stores", () => {
  test("count their files and find the closest text that a filter lets through", async () => {
    const [cats, dogs] = [await upload("all about cats"), await upload("all about dogs")];
    const store = stringAt((await ask("POST", "/vector_stores", { name: "s", file_ids: [cats] })).body, "id");
    await ask("POST", `/vector_stores/${store}/files`, { file_id: dogs, attributes: { year: 2020 } });
    const counted = await ask("GET", `/vector_stores/${store}`);
    expect(counted.body["file_counts"]).toMatchObject({ completed: 2, total: 2 });
    const search = async (body: JsonObject) =>
      objectsAt((await ask("POST", `/vector_stores/${store}/search`, body)).body, "data").map(
        (result) => result["file_id"],
      );
    expect(await search({ query: "dogs" })).toEqual([dogs, cats]);
    expect(await search({ query: ["cats"], max_num_results: 1 })).toEqual([cats]);
    const newer = { type: "gte", key: "year", value: 2020 };
    expect(await search({ query: "cats", filters: { type: "and", filters: [newer] } })).toEqual([dogs]);
    expect((await ask("GET", `/vector_stores/vs_none/files`)).status).toBe(404);
    expect((await ask("POST", `/vector_stores/${store}/files`, { file_id: "file-none" })).status).toBe(404);
  });
});

describe("batches", () => {
  async function run(lines: string): Promise<JsonObject> {
    const input = await upload(lines, "batch", "in.jsonl");
    const body = { input_file_id: input, endpoint: "/v1/responses", completion_window: "24h" };
    let batch = (await ask("POST", "/batches", body)).body;
    expect(batch["status"]).toBe("validating");
    while (batch["status"] === "validating" || batch["status"] === "in_progress") {
      await sleep(5);
      batch = (await ask("GET", `/batches/${stringAt(batch, "id")}`)).body;
    }
    return batch;
  }
  const line = (customId: string, input: string, more: JsonObject = {}) =>
    JSON.stringify({
      custom_id: customId,
      method: "POST",
      url: "/v1/responses",
      body: { model: "gpt-4.1", input },
      ...more,
    });

  test("run their lines and keep good and bad answers apart", async () => {
    const batch = await run(`${line("a", "echo: hi")}\n${line("b", "fail 500")}\n`);
    expect(batch).toMatchObject({
      status: "completed",
      request_counts: { total: 2, completed: 1, failed: 1 },
    });
    const [good, bad] = await Promise.all(
      ["output_file_id", "error_file_id"].map((name) =>
        ask("GET", `/files/${stringAt(batch, name)}/content`),
      ),
    );
    expect(parseText(good?.text ?? "")).toMatchObject({ custom_id: "a", response: { status_code: 200 } });
    expect(parseText(bad?.text ?? "")).toMatchObject({ custom_id: "b", response: { status_code: 500 } });
  });

  test("fail as a whole by the lines that do not fit", async () => {
    const batch = await run(
      `${line("a", "x")}\n${line("a", "x")}\n${line("b", "x", { url: "/v1/embeddings" })}\nno\n`,
    );
    expect(batch["status"]).toBe("failed");
    expect(objectsAt(batch["errors"], "data").map((error) => error["line"])).toEqual([2, 3, 4]);
  });
});

describe("conversations", () => {
  test("keep what responses add, with the ids of the items", async () => {
    const made = await ask("POST", "/conversations", { items: [{ role: "user", content: "remember 7" }] });
    const id = stringAt(made.body, "id");
    const answered = await ask("POST", "/responses", {
      model: "gpt-4.1",
      input: "echo: yes",
      conversation: id,
    });
    const listed = await ask("GET", `/conversations/${id}/items?order=asc`);
    expect(objectsAt(listed.body, "data").map((item) => item["role"])).toEqual(["user", "user", "assistant"]);
    expect(idsOf(listed).at(-1)).toBe(stringAt(objectsAt(answered.body, "output")[0], "id"));
    await ask("DELETE", `/conversations/${id}`);
    const later = await ask("POST", "/responses", { model: "gpt-4.1", input: "x", conversation: id });
    expect(later.status).toBe(404);
  });

  test("hold the next turn to the call that they keep", async () => {
    const id = stringAt((await ask("POST", "/conversations", {})).body, "id");
    const tools = [{ type: "function", name: "ping", parameters: {} }];
    await ask("POST", "/responses", { model: "gpt-4.1", input: "call ping", tools, conversation: id });
    const next = await ask("POST", "/responses", { model: "gpt-4.1", input: "and now?", conversation: id });
    expect([next.status, next.text]).toEqual([400, expect.stringContaining("No tool output found")]);
  });
});

describe("every path", () => {
  test("names the methods that it has, and those below administration want their own key", async () => {
    const wrong = await ask("PUT", "/files");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, POST"]);
    expect((await ask("GET", "/organization/users")).status).toBe(401);
  });
});
