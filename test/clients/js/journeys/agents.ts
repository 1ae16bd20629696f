// Ways through assistants and hosted agents.
import { all, attempt } from "./journey.ts";
import type { Journey } from "./journey.ts";

const model = "gpt-4.1";
const weather = {
  type: "function" as const,
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

export const agentJourneys: Readonly<Record<string, Journey>> = {
  async assistants({ client }) {
    const assistant = await client.beta.assistants.create({ model, name: "helper" });
    await client.beta.assistants.retrieve(assistant.id);
    await client.beta.assistants.update(assistant.id, { name: "helpers" });
    await all(client.beta.assistants.list());
    const thread = await client.beta.threads.create({ messages: [{ role: "user", content: "echo: hello" }] });
    await client.beta.threads.retrieve(thread.id);
    await client.beta.threads.update(thread.id, { metadata: { topic: "a" } });
    const at = { thread_id: thread.id };
    const message = await client.beta.threads.messages.create(thread.id, {
      role: "user",
      content: "echo: again",
    });
    await client.beta.threads.messages.retrieve(message.id, at);
    await client.beta.threads.messages.update(message.id, { ...at, metadata: { topic: "b" } });
    const run = await client.beta.threads.runs.createAndPoll(
      thread.id,
      { assistant_id: assistant.id },
      { pollIntervalMs: 5 },
    );
    await client.beta.threads.runs.update(run.id, { ...at, metadata: { topic: "c" } });
    const [step] = await all(client.beta.threads.runs.steps.list(run.id, at));
    await client.beta.threads.runs.steps.retrieve(step?.id ?? "", { ...at, run_id: run.id });
    await all(client.beta.threads.messages.list(thread.id));
    await all(client.beta.threads.runs.list(thread.id));
    await attempt(client.beta.threads.runs.cancel(run.id, at));
    await client.beta.threads.messages.delete(message.id, at);
    await all(await client.beta.threads.runs.create(thread.id, { assistant_id: assistant.id, stream: true }));
    await client.beta.threads.delete(thread.id);
    await client.beta.assistants.delete(assistant.id);
    await attempt(client.beta.assistants.retrieve(assistant.id));
  },

  async "assistants' tools"({ client }) {
    const assistant = await client.beta.assistants.create({ model, tools: [weather] });
    const messages = [{ role: "user" as const, content: 'call get_weather {"city":"Oslo"}' }];
    const events = await all(
      await client.beta.threads.createAndRun({
        assistant_id: assistant.id,
        thread: { messages },
        stream: true,
      }),
    );
    const created = events.find((event) => event.event === "thread.created");
    await client.beta.threads.retrieve(created?.data.id ?? "");
    const begun = await client.beta.threads.createAndRun({
      assistant_id: assistant.id,
      thread: { messages },
    });
    const at = { thread_id: begun.thread_id };
    const waiting = await client.beta.threads.runs.retrieve(begun.id, at);
    const calls = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
    await client.beta.threads.runs.submitToolOutputs(begun.id, {
      ...at,
      tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: "Sunny" })),
    });
    await client.beta.threads.runs.retrieve(begun.id, at);
    await all(client.beta.threads.messages.list(begun.thread_id));
  },

  async "hosted agents"({ client }) {
    const agent = await client.beta.agents.create({ model, name: "helper" });
    await client.beta.agents.retrieve(agent.id);
    await client.beta.agents.update(agent.id, { name: "helpers" });
    await all(client.beta.agents.list());
    const session = await client.beta.agents.sessions.create({
      agent_id: agent.id,
      environment: { type: "none" },
      input: "echo: hello",
    });
    const at = { session_id: session.id };
    await client.beta.agents.sessions.retrieve(session.id);
    await client.beta.agents.sessions.update(session.id, { metadata: { topic: "a" } });
    await all(client.beta.agents.sessions.list());
    await client.post(`/agents/sessions/${session.id}/events`, {
      body: { events: [{ type: "agent.session.input.message", content: "echo: again" }] },
    });
    await (await client.get(`/agents/sessions/${session.id}/events`).asResponse()).text();
    await all(client.beta.agents.sessions.items.list(session.id));
    const [turn] = await all(client.beta.agents.sessions.turns.list(session.id));
    await client.beta.agents.sessions.turns.retrieve(turn?.id ?? "", at);
    await all(client.beta.agents.sessions.turns.items.list(turn?.id ?? "", at));
    await all(client.beta.agents.sessions.traces.list(session.id));
    await all(client.beta.agents.sessions.artifacts.list(session.id));
    const artifacts = `/agents/sessions/${session.id}/artifacts/artifact_none`;
    await attempt(client.get(artifacts));
    await attempt(client.get(`${artifacts}/content`));
    await attempt(client.delete(artifacts));
    await all(client.beta.agents.sessions.subagents.list(session.id));
    const subagent = `/agents/sessions/${session.id}/subagents/subagent_none`;
    for (const path of ["", "/items", "/turns", "/turns/turn_none", "/turns/turn_none/items"])
      await attempt(client.get(subagent + path));
    await client.beta.agents.sessions.delete(session.id);
    await client.beta.agents.delete(agent.id);
    await attempt(client.beta.agents.retrieve(agent.id));
  },

  async automations({ client }) {
    type Made = { readonly id: string };
    const made = await client.post<Made>("/agents/automations", {
      body: { name: "daily", prompt: "echo: hi" },
    });
    const path = `/agents/automations/${made.id}`;
    await client.get(path);
    await client.post(path, { body: { name: "weekly" } });
    await client.get("/agents/automations");
    await client.post(`${path}/pause`);
    await client.post(`${path}/resume`);
    const invocation = await client.post<Made>(`${path}/invocations`);
    await client.get(`${path}/invocations`);
    await client.get(`${path}/invocations/${invocation.id}`);
    await client.delete(path);
  },

  async environments({ client }) {
    type Made = { readonly id: string };
    const template = await client.beta.agents.environments.templates.create({ name: "box" });
    await client.beta.agents.environments.templates.retrieve(template.id);
    await client.beta.agents.environments.templates.update(template.id, { name: "boxes" });
    await all(client.beta.agents.environments.templates.list());
    await client.beta.agents.environments.templates.delete(template.id);
    const body = { environment: { type: "openai_hosted" } };
    const environment = await client.post<Made>("/agents/environments", { body });
    await client.beta.agents.environments.retrieve(environment.id);
    await all(client.beta.agents.environments.list());
    await client.beta.agents.environments.files.create(environment.id, {
      type: "inline",
      path: "a.txt",
      data: Buffer.from("hello").toString("base64"),
    });
    await all(client.beta.agents.environments.files.list(environment.id));
  },

  async vaults({ client }) {
    const vault = await client.beta.agents.vaults.create({ name: "keys" });
    await client.beta.agents.vaults.retrieve(vault.id);
    await client.beta.agents.vaults.update(vault.id, { name: "more keys" });
    await all(client.beta.agents.vaults.list());
    const path = `/vaults/${vault.id}/credentials`;
    const auth = { type: "static_bearer", token: "not-a-token", mcp_server_url: "https://mcp.example.com" };
    const credential = await client.post<{ readonly id: string }>(path, { body: { name: "one", auth } });
    await client.get(path);
    await client.get(`${path}/${credential.id}`);
    await client.post(`${path}/${credential.id}`, { body: { name: "two" } });
    await client.delete(`${path}/${credential.id}`);
    await client.beta.agents.vaults.delete(vault.id);
  },

  async "chat kit"({ client }) {
    await attempt(client.beta.chatkit.sessions.create({ user: "u", workflow: { id: "wf_1" } }));
    await attempt(client.beta.chatkit.sessions.cancel("cksess_none"));
    await all(client.beta.chatkit.threads.list());
    await attempt(client.beta.chatkit.threads.retrieve("cthr_none"));
    await attempt(client.beta.chatkit.threads.listItems("cthr_none"));
    await attempt(client.beta.chatkit.threads.delete("cthr_none"));
  },
};
