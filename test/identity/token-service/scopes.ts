// What a token's scopes hold it to wherever a model or an operation may hide: lines of a batch, sockets, what is stored.
import OpenAI, { APIError, toFile } from "openai";
import { describe, expect, test } from "vitest";
import { askRefused, openSocket } from "../../websocket/client.ts";
import type { Message } from "../../websocket/client.ts";
import type { TokenService } from "./set-up.ts";

const line = (model: string): string =>
  JSON.stringify({
    custom_id: "1",
    method: "POST",
    url: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content: "Hi" }] },
  });
const isSaid = ({ type }: Message): boolean =>
  ["error", "session.updated", "response.done", "response.completed"].includes(type);

/** Describes it. */
export function describeScopes(service: TokenService): void {
  const toClient = async (scope: string): Promise<OpenAI> =>
    new OpenAI({
      baseURL: service.gateway.baseUrl,
      apiKey: await service.getToken({ scope }, { sub: "dorothy" }),
      maxRetries: 0,
    });
  const upload = async (client: OpenAI, ...models: readonly string[]) => {
    const file = await toFile(Buffer.from(models.map(line).join("\n")), "lines.jsonl");
    return client.files.create({ file, purpose: "batch" });
  };
  const run = (client: OpenAI, { id }: { readonly id: string }) =>
    client.batches.create({
      input_file_id: id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
  const toCode = (asked: PromiseLike<unknown>): Promise<string> =>
    Promise.resolve(asked).then(
      () => "done",
      (error: unknown) => (error instanceof APIError ? String(error.code) : String(error)),
    );

  describe("scopes hold a token", () => {
    test("to its models and operations in each line of a batch", async () => {
      const narrow = await toClient("model:gpt-4.1");
      expect(await toCode(upload(narrow, "gpt-4.1", "gpt-4.1-mini"))).toBe("scope_exceeded");
      expect(await toCode(run(narrow, await upload(narrow, "gpt-4.1")))).toBe("done");
      const carrier = await toClient("operation:files.* operation:batches.*");
      expect(await toCode(upload(carrier, "gpt-4.1"))).toBe("scope_exceeded");
      const elsewhere = await toClient("connection:other");
      expect(await toCode(upload(elsewhere, "gpt-4.1"))).toBe("scope_exceeded");
    });

    test("off a batch whose lines were judged for a token of other scopes", async () => {
      const [whole, narrow] = [await toClient("offline_access"), await toClient("model:gpt-4.1")];
      const file = await upload(whole, "gpt-4.1", "o3");
      expect(await toCode(run(narrow, file))).toBe("file_not_inspected");
      const carrier = await toClient("operation:batches.create");
      expect(await toCode(run(carrier, file))).toBe("file_not_inspected");
      expect(await toCode(run(whole, file))).toBe("done");
      const other = await upload(await toClient("model:o3"), "o3");
      expect(await toCode(run(narrow, other))).toBe("file_not_inspected");
      expect(await toCode(run(await toClient("model:o3"), other))).toBe("done");
      expect(await toCode(run(whole, other))).toBe("done");
    });

    test("to its models in every message of a socket", async () => {
      const { apiKey: token, baseURL } = await toClient("model:gpt-4.1");
      const socket = await openSocket(`${baseURL}/responses`, { token });
      socket.send({ type: "response.create", model: "gpt-4.1-mini", input: "echo: hello" });
      expect(await socket.until(isSaid)).toMatchObject({ error: { code: "scope_exceeded" } });
      socket.send({ type: "response.create", model: "gpt-4.1", input: "echo: hello" });
      expect(await socket.until(isSaid)).toMatchObject({ type: "response.completed" });
      socket.socket.close();
      const { apiKey: other } = await toClient("operation:chat.completions.create");
      expect(await askRefused(`${baseURL}/responses`, { token: other })).toMatchObject({
        body: { error: { code: "scope_exceeded" } },
      });
    });

    test("to its models in a realtime session, its own and one that a client secret opens", async () => {
      const client = await toClient("model:gpt-realtime model:gpt-4o-transcribe");
      const url = `${client.baseURL}/realtime`;
      const audio = (model: string) => ({ type: "realtime", audio: { input: { transcription: { model } } } });
      expect(await askRefused(`${url}?model=gpt-realtime-mini`, { token: client.apiKey })).toMatchObject({
        body: { error: { code: "scope_exceeded" } },
      });
      const asking = (model: string) =>
        client.realtime.clientSecrets.create({ session: { type: "realtime", model } });
      expect(await toCode(asking("gpt-realtime-mini"))).toBe("scope_exceeded");
      const { value } = await asking("gpt-realtime");
      for (const [at, token] of [
        [`${url}?model=gpt-realtime`, client.apiKey],
        [url, value],
      ] as const) {
        const socket = await openSocket(at, { token });
        socket.send({ type: "session.update", session: audio("whisper-1") });
        expect(await socket.until(isSaid)).toMatchObject({ error: { code: "scope_exceeded" } });
        socket.send({ type: "session.update", session: audio("gpt-4o-transcribe") });
        expect(await socket.until(isSaid)).toMatchObject({ type: "session.updated" });
        socket.socket.close();
      }
    });

    test("off what is stored with another model, and off what names none", async () => {
      const whole = await toClient("offline_access");
      const narrow = await toClient("model:gpt-4.1");
      const video = await whole.videos.create({ prompt: "a quiet harbour", model: "sora-2" });
      expect(await toCode(narrow.videos.remix(video.id, { prompt: "at night" }))).toBe("scope_exceeded");
      expect(await toCode(whole.videos.remix(video.id, { prompt: "at night" }))).toBe("done");
      const stored = await whole.responses.create({ model: "o3", input: "echo: hello" });
      const goOn = { previous_response_id: stored.id, input: "echo: more" };
      expect(await toCode(narrow.responses.create(goOn))).toBe("scope_exceeded");
      expect(await toCode(narrow.responses.create({ ...goOn, model: "o3" }))).toBe("scope_exceeded");
      expect(await toCode(narrow.responses.create({ ...goOn, model: "gpt-4.1" }))).toBe("done");
    });
  });
}
