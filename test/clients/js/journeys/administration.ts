// Ways through the organization's administration, by path: its calls differ in little but that.
import { attempt } from "./journey.ts";
import type { Journey } from "./journey.ts";

type Made = { readonly id: string };
type Client = Parameters<Journey>[0]["client"];

/** Makes an object, lists, reads, changes and deletes it, as far as it can be. */
async function crud(
  client: Client,
  path: string,
  body: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>> | null = null,
): Promise<void> {
  const { id } = await client.post<Made>(path, { body });
  await client.get(path);
  await client.get(`${path}/${id}`);
  if (changes !== null) await client.post(`${path}/${id}`, { body: changes });
  await client.delete(`${path}/${id}`);
  await attempt(client.get(`${path}/${id}`));
}

const alert = {
  threshold_amount: 100,
  currency: "USD",
  interval: "month",
  notification_channel: { type: "email", recipients: [] },
};
const limit = { threshold_amount: 500, currency: "USD", interval: "month" };

export const administrationJourneys: Readonly<Record<string, Journey>> = {
  async organization({ client }) {
    const at = "/organization";
    await client.get(`${at}/admin_api_keys?limit=1`);
    await attempt(client.get(`${at}/admin_api_keys/key_none`));
    await attempt(client.delete(`${at}/admin_api_keys/key_none`));
    await client.get(`${at}/audit_logs`);
    const certificate = await client.post<Made>(`${at}/certificates`, {
      body: { name: "ca", content: "PEM" },
    });
    await client.get(`${at}/certificates`);
    await client.get(`${at}/certificates/${certificate.id}`);
    await client.post(`${at}/certificates/${certificate.id}`, { body: { name: "other" } });
    for (const verb of ["activate", "deactivate"])
      await client.post(`${at}/certificates/${verb}`, { body: { certificate_ids: [certificate.id] } });
    await client.delete(`${at}/certificates/${certificate.id}`);
    for (const name of ["external_keys", "external_storage"]) {
      const made = await client.post<Made>(`${at}/${name}`, { body: { name: "mine" } });
      await client.post(`${at}/${name}/${made.id}/validate`);
      await client.get(`${at}/${name}`);
      await client.get(`${at}/${name}/${made.id}`);
      await client.delete(`${at}/${name}/${made.id}`);
    }
    await client.get(`${at}/data_retention`);
    await client.post(`${at}/data_retention`, { body: { retention_type: "zero_data_retention" } });
    await crud(client, `${at}/invites`, { email: "a@example.com", role: "reader" });
    await crud(client, `${at}/roles`, { role_name: "reader", permissions: [] }, { description: "reads" });
    await crud(client, `${at}/spend_alerts`, alert, alert);
    await client.get(`${at}/spend_limit`);
    await client.post(`${at}/spend_limit`, { body: limit });
    await client.delete(`${at}/spend_limit`);
    const rules = { name: "rule", issuer: "https://issuer.example.com" };
    const provider = await client.post<Made>(`${at}/workload_identity_providers`, { body: rules });
    await crud(client, `${at}/workload_identity_providers/${provider.id}/federation_rules`, rules, rules);
    await crud(client, `${at}/workload_identity_providers`, rules, rules);
    await attempt(client.post(`${at}/admin_api_keys`, { body: { name: "key" } }));
  },

  async "organization's people"({ client }) {
    const at = "/organization";
    await client.get(`${at}/users`);
    await client.get(`${at}/users/user-simulated`);
    await client.post(`${at}/users/user-simulated`, { body: { role: "owner" } });
    await attempt(client.delete(`${at}/users/user-none`));
    await crud(client, `${at}/users/user-simulated/roles`, { role_id: "role_1" });
    const group = await client.post<Made>(`${at}/groups`, { body: { name: "team" } });
    await crud(client, `${at}/groups/${group.id}/users`, { user_id: "user-simulated" });
    await crud(client, `${at}/groups/${group.id}/roles`, { role_id: "role_1" });
    await crud(client, `${at}/groups`, { name: "other" }, { name: "others" });
  },

  async "organization's usage"({ client }) {
    const query = { start_time: 1_700_000_000 };
    for (const name of [
      "audio_speeches",
      "audio_transcriptions",
      "code_interpreter_sessions",
      "completions",
      "decisions",
      "embeddings",
      "file_search_calls",
      "images",
      "moderations",
      "vector_stores",
      "web_search_calls",
    ])
      await client.get(`/organization/usage/${name}`, { query });
    await client.get("/organization/costs", { query });
  },

  async projects({ client }) {
    const project = await client.post<Made>("/organization/projects", { body: { name: "one" } });
    const at = `/organization/projects/${project.id}`;
    await client.get("/organization/projects");
    await client.get(at);
    await client.post(at, { body: { name: "two" } });
    await client.get(`${at}/api_keys`);
    await attempt(client.get(`${at}/api_keys/key_none`));
    await attempt(client.post(`${at}/api_keys/key_none`, { body: { name: "other" } }));
    await attempt(client.delete(`${at}/api_keys/key_none`));
    await client.get(`${at}/certificates`);
    for (const verb of ["activate", "deactivate"])
      await client.post(`${at}/certificates/${verb}`, { body: { certificate_ids: [] } });
    for (const name of [
      "data_retention",
      "hosted_tool_permissions",
      "model_permissions",
      "service_tier_settings",
    ]) {
      await client.get(`${at}/${name}`);
      await client.post(`${at}/${name}`, { body: { mode: "allow_list" } });
    }
    await client.delete(`${at}/model_permissions`);
    await client.get(`${at}/spend_limit`);
    await client.post(`${at}/spend_limit`, { body: limit });
    await client.delete(`${at}/spend_limit`);
    await crud(client, `${at}/spend_alerts`, alert, alert);
    await crud(client, `${at}/groups`, { group_id: "group_1", role: "member" });
    await client.get(`${at}/rate_limits`);
    await client.post(`${at}/rate_limits/rl-gpt-4.1`, { body: { max_requests_per_1_minute: 5 } });
    await crud(client, `${at}/users`, { user_id: "user-1", role: "member" }, { role: "owner" });
    await client.get(`${at}/service_accounts`);
    const account = `${at}/service_accounts/svc_none`;
    await attempt(client.get(account));
    await attempt(client.post(account, { body: { name: "other" } }));
    await attempt(client.delete(account));
    await attempt(client.post(`${account}/api_keys`, { body: {} }));
    await client.post(`${at}/archive`);
    await crud(client, `/projects/${project.id}/roles`, { role_name: "reader" }, { description: "reads" });
    await crud(client, `/projects/${project.id}/groups/group_1/roles`, { role_id: "role_1" });
    await crud(client, `/projects/${project.id}/users/user-1/roles`, { role_id: "role_1" });
    await attempt(client.post(`${at}/service_accounts`, { body: { name: "bot" } }));
  },

  async "checkpoint permissions"({ client }) {
    const path = "/fine_tuning/checkpoints/ft:gpt-4o-mini:org::one:ckpt-step-1/permissions";
    const made = await client.post<{ readonly data: readonly Made[] }>(path, {
      body: { project_ids: ["proj_1"] },
    });
    await client.get(path);
    await client.delete(`${path}/${made.data[0]?.id ?? ""}`);
  },
};
