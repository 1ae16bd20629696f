// Every path of the API, with its methods, in the order of the alphabet: what the gateway knows without opening it.

/**
 * One path a line: its methods (G GET, P POST, D DELETE), then the path, where `*` stands for an id. The set is the one
 * of the SDKs; the paths in `ELSEWHERE` are those that the SDKs reach by WebSocket or by a fixed URL.
 */
const TABLE = `
GP /agents
GP /agents/automations
GPD /agents/automations/*
GP /agents/automations/*/invocations
G /agents/automations/*/invocations/*
P /agents/automations/*/pause
P /agents/automations/*/resume
GP /agents/environments
GP /agents/environments/templates
GPD /agents/environments/templates/*
G /agents/environments/*
GP /agents/environments/*/files
GP /agents/sessions
GPD /agents/sessions/*
G /agents/sessions/*/artifacts
GD /agents/sessions/*/artifacts/*
G /agents/sessions/*/artifacts/*/content
GP /agents/sessions/*/events
G /agents/sessions/*/items
G /agents/sessions/*/subagents
G /agents/sessions/*/subagents/*
G /agents/sessions/*/subagents/*/items
G /agents/sessions/*/subagents/*/turns
G /agents/sessions/*/subagents/*/turns/*
G /agents/sessions/*/subagents/*/turns/*/items
G /agents/sessions/*/traces
G /agents/sessions/*/turns
G /agents/sessions/*/turns/*
G /agents/sessions/*/turns/*/items
GPD /agents/*
GP /assistants
GPD /assistants/*
P /audio/speech
P /audio/transcriptions
P /audio/translations
GP /audio/voice_consents
GPD /audio/voice_consents/*
P /audio/voices
D /audio/voices/*
GP /batches
G /batches/*
P /batches/*/cancel
GP /chat/completions
GPD /chat/completions/*
G /chat/completions/*/messages
P /chatkit/sessions
P /chatkit/sessions/*/cancel
G /chatkit/threads
GD /chatkit/threads/*
G /chatkit/threads/*/items
P /completions
GP /containers
GD /containers/*
GP /containers/*/files
GD /containers/*/files/*
G /containers/*/files/*/content
P /content_provenance_checks
P /conversations
GPD /conversations/*
GP /conversations/*/items
GD /conversations/*/items/*
P /decisions
P /embeddings
GP /evals
GPD /evals/*
GP /evals/*/runs
GD /evals/*/runs/*
P /evals/*/runs/*/cancel
G /evals/*/runs/*/output_items
G /evals/*/runs/*/output_items/*
GP /files
GD /files/*
G /files/*/content
P /fine_tuning/alpha/graders/run
P /fine_tuning/alpha/graders/validate
GP /fine_tuning/checkpoints/*/permissions
D /fine_tuning/checkpoints/*/permissions/*
GP /fine_tuning/jobs
G /fine_tuning/jobs/*
P /fine_tuning/jobs/*/cancel
G /fine_tuning/jobs/*/checkpoints
G /fine_tuning/jobs/*/events
P /fine_tuning/jobs/*/pause
P /fine_tuning/jobs/*/resume
P /images/edits
P /images/generations
P /images/variations
P /live/sessions
P /live/sessions/*/accept
G /live/sessions/*/content
P /live/sessions/*/fork
P /live/sessions/*/hangup
P /live/sessions/*/refer
P /live/sessions/*/reject
G /models
GD /models/*
P /moderations
GP /organization/admin_api_keys
GD /organization/admin_api_keys/*
G /organization/audit_logs
GP /organization/certificates
P /organization/certificates/activate
P /organization/certificates/deactivate
GPD /organization/certificates/*
G /organization/costs
GP /organization/data_retention
GP /organization/external_keys
GD /organization/external_keys/*
P /organization/external_keys/*/validate
GP /organization/external_storage
GD /organization/external_storage/*
P /organization/external_storage/*/validate
GP /organization/groups
GPD /organization/groups/*
GP /organization/groups/*/roles
GD /organization/groups/*/roles/*
GP /organization/groups/*/users
GD /organization/groups/*/users/*
GP /organization/invites
GD /organization/invites/*
GP /organization/projects
GP /organization/projects/*
G /organization/projects/*/api_keys
GPD /organization/projects/*/api_keys/*
P /organization/projects/*/archive
G /organization/projects/*/certificates
P /organization/projects/*/certificates/activate
P /organization/projects/*/certificates/deactivate
GP /organization/projects/*/data_retention
GP /organization/projects/*/groups
GD /organization/projects/*/groups/*
GP /organization/projects/*/hosted_tool_permissions
GPD /organization/projects/*/model_permissions
G /organization/projects/*/rate_limits
P /organization/projects/*/rate_limits/*
GP /organization/projects/*/service_accounts
GPD /organization/projects/*/service_accounts/*
P /organization/projects/*/service_accounts/*/api_keys
GP /organization/projects/*/service_tier_settings
GP /organization/projects/*/spend_alerts
GPD /organization/projects/*/spend_alerts/*
GPD /organization/projects/*/spend_limit
GP /organization/projects/*/users
GPD /organization/projects/*/users/*
GP /organization/roles
GPD /organization/roles/*
GP /organization/spend_alerts
GPD /organization/spend_alerts/*
GPD /organization/spend_limit
G /organization/usage/audio_speeches
G /organization/usage/audio_transcriptions
G /organization/usage/code_interpreter_sessions
G /organization/usage/completions
G /organization/usage/decisions
G /organization/usage/embeddings
G /organization/usage/file_search_calls
G /organization/usage/images
G /organization/usage/moderations
G /organization/usage/vector_stores
G /organization/usage/web_search_calls
G /organization/users
GPD /organization/users/*
GP /organization/users/*/roles
GD /organization/users/*/roles/*
GP /organization/workload_identity_providers
GPD /organization/workload_identity_providers/*
GP /organization/workload_identity_providers/*/federation_rules
GPD /organization/workload_identity_providers/*/federation_rules/*
GP /projects/*/groups/*/roles
GD /projects/*/groups/*/roles/*
GP /projects/*/roles
GPD /projects/*/roles/*
GP /projects/*/users/*/roles
GD /projects/*/users/*/roles/*
P /realtime/calls
P /realtime/calls/*/accept
P /realtime/calls/*/hangup
P /realtime/calls/*/refer
P /realtime/calls/*/reject
P /realtime/client_secrets
P /realtime/sessions
P /realtime/transcription_sessions
P /realtime/translations/client_secrets
P /responses
P /responses/compact
P /responses/input_tokens
GD /responses/*
P /responses/*/cancel
G /responses/*/input_items
G /safety/alerts/*
G /safety/cases/*
GP /skills
GPD /skills/*
G /skills/*/content
GP /skills/*/versions
GD /skills/*/versions/*
G /skills/*/versions/*/content
P /threads
P /threads/runs
GPD /threads/*
GP /threads/*/messages
GPD /threads/*/messages/*
GP /threads/*/runs
GP /threads/*/runs/*
P /threads/*/runs/*/cancel
G /threads/*/runs/*/steps
G /threads/*/runs/*/steps/*
P /threads/*/runs/*/submit_tool_outputs
P /uploads
P /uploads/*/cancel
P /uploads/*/complete
P /uploads/*/parts
GP /vaults
GPD /vaults/*
GP /vaults/*/credentials
GPD /vaults/*/credentials/*
GP /vector_stores
GPD /vector_stores/*
P /vector_stores/*/file_batches
G /vector_stores/*/file_batches/*
P /vector_stores/*/file_batches/*/cancel
G /vector_stores/*/file_batches/*/files
GP /vector_stores/*/files
GPD /vector_stores/*/files/*
G /vector_stores/*/files/*/content
P /vector_stores/*/search
GP /videos
P /videos/characters
G /videos/characters/*
P /videos/edits
P /videos/extensions
GD /videos/*
G /videos/*/content
P /videos/*/remix
GP /webhook_endpoints
GPD /webhook_endpoints/*
P /webhook_endpoints/*/rotate_secret
P /webhook_endpoints/*/test
G /webhook_event_types
`;

const ELSEWHERE = `
G /live/sessions
G /live/sessions/*/attach
G /live/sessions/*/fork
G /realtime
G /realtime/translations
P /traces/ingest
`;

export type KnownPath = { readonly methods: ReadonlySet<string>; readonly segments: readonly string[] };

const METHODS: Readonly<Record<string, string>> = { G: "GET", P: "POST", D: "DELETE" };

/** Reads the table: the known paths by their number of segments. */
export function readKnownPaths(): ReadonlyMap<number, readonly KnownPath[]> {
  const paths = new Map<number, KnownPath[]>();
  for (const line of `${TABLE}\n${ELSEWHERE}`.split("\n")) {
    const [letters, path] = line.split(" ");
    if (letters === undefined || path === undefined) continue;
    const segments = path.slice(1).split("/");
    const methods = new Set(letters.split("").map((letter) => METHODS[letter] ?? letter));
    const known = paths.get(segments.length) ?? [];
    known.push({ methods, segments });
    paths.set(segments.length, known);
  }
  return paths;
}
