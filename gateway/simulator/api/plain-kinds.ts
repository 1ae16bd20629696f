// The collections that are nothing but stored objects, outside of administration.
import type { Kind } from "../collection.ts";
import { stringAt } from "../read-json.ts";

/** Collections a parent before its children. */
export const PLAIN_KINDS: readonly Kind[] = [
  {
    path: "/agents",
    prefix: "agent_",
    object: "agent",
    required: ["model"],
    defaults: {
      instructions: null,
      metadata: {},
      multi_agent: { enabled: false },
      name: null,
      reasoning: { effort: null, summary: null },
      service_tier: "auto",
      text: { format: { type: "text" }, verbosity: "medium" },
      tools: [],
      updated_at: 1_700_000_000,
    },
  },
  {
    path: "/agents/automations",
    prefix: "automation_",
    object: "agent.automation",
    defaults: { status: "active", updated_at: 1_700_000_000 },
    actions: { pause: () => ({ status: "paused" }), resume: () => ({ status: "active" }) },
  },
  {
    path: "/agents/automations/{automation}/invocations",
    prefix: "invocation_",
    object: "agent.automation.invocation",
    verbs: ["create", "list", "retrieve"],
    make: (_body, call) => ({
      automation_id: call.params["automation"] ?? "",
      error: null,
      scheduled_at: null,
      session_id: null,
      skip_reason: null,
      source: { type: "manual" },
      status: "queued",
    }),
    advance: (invocation) => ({ ...invocation, status: "completed" }),
  },
  {
    path: "/agents/environments",
    prefix: "env_",
    object: "agent.environment",
    verbs: ["create", "list", "retrieve"],
    createdField: null,
    make: () => ({ files: [], plugins: [], skills: [], status: "ready", type: "openai_hosted" }),
  },
  {
    path: "/agents/environments/templates",
    prefix: "envtmpl_",
    object: "agent.environment.template",
    defaults: {
      capability_directories: [],
      files: [],
      name: null,
      network: { access: "disabled", allowed_domains: [] },
      packages: { npm: [], python: [], system: [] },
      plugins: [],
      skills: [],
      updated_at: 1_700_000_000,
    },
  },
  {
    path: "/agents/environments/{environment}/files",
    prefix: "envfile_",
    object: "agent.environment.file",
    verbs: ["create", "list"],
    createdField: null,
    page: { next: "next" },
    make: (body, call) => ({
      environment_id: call.params["environment"] ?? "",
      path: body["path"] ?? "",
      size_bytes: stringAt(body, "data")?.length ?? 0,
    }),
  },
  {
    path: "/assistants",
    prefix: "asst_",
    object: "assistant",
    required: ["model"],
    defaults: {
      name: null,
      description: null,
      instructions: null,
      tools: [],
      tool_resources: {},
      metadata: {},
      temperature: 1,
      top_p: 1,
      response_format: "auto",
    },
  },
  {
    path: "/audio/voice_consents",
    prefix: "cons_",
    object: "audio.voice_consent",
    required: ["name", "language"],
  },
  {
    path: "/audio/voices",
    prefix: "voice_",
    object: "audio.voice",
    defaults: { type: "audio_sample" },
    verbs: ["create", "delete"],
    required: ["name"],
  },
  {
    path: "/chatkit/threads",
    prefix: "cthr_",
    object: "chatkit.thread",
    verbs: ["list", "retrieve", "delete"],
  },
  {
    path: "/chatkit/threads/{thread}/items",
    prefix: "cthi_",
    object: "chatkit.thread_item",
    verbs: ["list"],
  },
  { path: "/safety/alerts", prefix: "alert_", object: "safety.alert", verbs: ["retrieve"] },
  { path: "/safety/cases", prefix: "case_", object: "safety.case", verbs: ["retrieve"] },
  { path: "/vaults", prefix: "vault_", object: "vault", defaults: { metadata: {}, name: null } },
  {
    path: "/vaults/{vault}/credentials",
    prefix: "vcred_",
    object: "vault.credential",
    required: ["auth"],
    make: (body, call) => {
      // What was given in secret is not told again.
      const { auth, ...rest } = body;
      const kept = { type: stringAt(auth, "type") ?? "static_bearer" };
      const url = stringAt(auth, "mcp_server_url");
      const told = { name: "", metadata: {}, updated_at: 1_700_000_000, ...rest };
      return {
        ...told,
        auth: url === null ? kept : { ...kept, mcp_server_url: url },
        vault_id: call.params["vault"] ?? "",
      };
    },
  },
];
