// Ways through what makes and keeps texts: responses, chat, completions, embeddings, moderations, conversations, models.
import { all, attempt } from "./journey.ts";
import type { Journey } from "./journey.ts";

const model = "gpt-4.1";
const tools = [
  {
    type: "function" as const,
    name: "get_weather",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
];

export const textJourneys: Readonly<Record<string, Journey>> = {
  async responses({ client }) {
    const first = await client.responses.create({ model, input: "echo: one", metadata: { topic: "test" } });
    await client.responses.retrieve(first.id, { include: ["reasoning.encrypted_content"] });
    await all(client.responses.inputItems.list(first.id));
    await client.responses.create({ model, input: "echo: two", previous_response_id: first.id });
    await all(await client.responses.create({ model, input: "stream 5", stream: true }));
    await all(await client.responses.retrieve(first.id, { stream: true, starting_after: 2 }));
    const called = await client.responses.create({ model, input: 'call get_weather {"city":"Oslo"}', tools });
    const call = called.output.find((item) => item.type === "function_call");
    const output = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "Sunny" };
    await client.responses.create({ model, input: [output], previous_response_id: called.id, tools });
    await client.responses.inputTokens.count({ model, input: "How many?" });
    await client.responses.compact({ model, previous_response_id: first.id });
    await client.responses.delete(first.id);
    await attempt(client.responses.retrieve(first.id));
    await attempt(client.responses.create({ model, input: "fail 429" }));
    await attempt(client.responses.create({ model: "no-such-model", input: "x" }));
  },

  async "background responses"({ client }) {
    const slow = await client.responses.create({ model, input: "delay 60s\necho: slow", background: true });
    await client.responses.retrieve(slow.id);
    await client.responses.cancel(slow.id);
    await client.responses.retrieve(slow.id);
    const quick = await client.responses.create({ model, input: "echo: quick", background: true });
    await client.responses.retrieve(quick.id);
  },

  async "chat completions"({ client }) {
    const messages = [{ role: "user" as const, content: "echo: hello" }];
    const stored = await client.chat.completions.create({
      model,
      messages,
      store: true,
      metadata: { topic: "a" },
    });
    await client.chat.completions.create({ model, messages, n: 2 });
    await all(await client.chat.completions.create({ model, messages, stream: true }));
    const options = { include_usage: true };
    await all(
      await client.chat.completions.create({ model, messages, stream: true, stream_options: options }),
    );
    await client.chat.completions.retrieve(stored.id);
    await client.chat.completions.update(stored.id, { metadata: { topic: "b" } });
    await all(client.chat.completions.messages.list(stored.id));
    const second = await client.chat.completions.create({ model, messages, store: true });
    await all(client.chat.completions.list({ limit: 1 }));
    await client.chat.completions.delete(second.id);
    await attempt(client.chat.completions.retrieve(second.id));
  },

  async completions({ client }) {
    const model = "gpt-3.5-turbo-instruct";
    await client.completions.create({ model, prompt: "echo: hello" });
    await client.completions.create({ model, prompt: ["echo: a", "echo: b"], n: 2 });
    await all(await client.completions.create({ model, prompt: "stream 4", stream: true }));
  },

  async embeddings({ client }) {
    const model = "text-embedding-3-small";
    await client.embeddings.create({ model, input: "one text" });
    await client.embeddings.create({
      model,
      input: ["two", "texts"],
      dimensions: 8,
      encoding_format: "float",
    });
    await attempt(client.embeddings.create({ model, input: [] }));
  },

  async moderations({ client }) {
    await client.moderations.create({ input: "harmless" });
    await client.moderations.create({
      model: "omni-moderation-latest",
      input: [
        { type: "text", text: "violence" },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      ],
    });
  },

  async conversations({ client }) {
    const conversation = await client.conversations.create({
      items: [{ type: "message", role: "user", content: "remember seven" }],
      metadata: { topic: "a" },
    });
    await client.conversations.retrieve(conversation.id);
    await client.conversations.update(conversation.id, { metadata: { topic: "b" } });
    await client.responses.create({ model, input: "echo: yes", conversation: conversation.id });
    const added = await client.conversations.items.create(conversation.id, {
      items: [{ type: "message", role: "user", content: "and eight" }],
    });
    const items = await all(client.conversations.items.list(conversation.id, { order: "asc", limit: 2 }));
    const item = added.data[0]?.id ?? String(items.length);
    await client.conversations.items.retrieve(item, { conversation_id: conversation.id });
    await client.conversations.items.delete(item, { conversation_id: conversation.id });
    await attempt(client.conversations.items.retrieve(item, { conversation_id: conversation.id }));
    await client.conversations.delete(conversation.id);
    await attempt(client.conversations.retrieve(conversation.id));
  },

  async models({ client }) {
    await all(client.models.list());
    await client.models.retrieve(model);
    await attempt(client.models.retrieve("no-such-model"));
    await attempt(client.models.delete(model));
  },

  async decisions({ client }) {
    await client.post("/decisions", {
      body: { model: "gpt-5.4", input: "Is it so?", decisions: [{ type: "predicate" }] },
    });
  },
};
