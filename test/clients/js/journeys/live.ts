// Ways through realtime and live over HTTP, and the other calls that hand out credentials or only take notes.
import { attempt } from "./journey.ts";
import type { Journey } from "./journey.ts";

const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
const session = { type: "realtime" as const, model: "gpt-realtime" };

export const liveJourneys: Readonly<Record<string, Journey>> = {
  async "realtime keys"({ client }) {
    await attempt(client.realtime.clientSecrets.create({ session }));
    await attempt(client.post("/realtime/translations/client_secrets", { body: { session: {} } }));
    await attempt(client.post("/realtime/sessions", { body: { model: "gpt-realtime" } }));
    await attempt(client.post("/realtime/transcription_sessions", { body: {} }));
  },

  async "realtime calls"({ client, fetch, baseURL, apiKey }) {
    const answer = await client.realtime.calls.create({ sdp: offer, session });
    await answer.text();
    const id = answer.headers.get("location")?.split("/").at(-1) ?? "";
    await client.realtime.calls.accept(id, session);
    await client.realtime.calls.hangup(id);
    for (const name of ["refer", "reject"] as const) {
      const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/sdp" };
      const bare = await fetch(`${baseURL}/realtime/calls`, { method: "POST", headers, body: offer });
      await bare.text();
      const other = bare.headers.get("location")?.split("/").at(-1) ?? "";
      if (name === "refer") await client.realtime.calls.refer(other, { target_uri: "tel:+12025550143" });
      else await client.realtime.calls.reject(other);
    }
    await attempt(client.realtime.calls.hangup(id));
  },

  async live({ client }) {
    type Made = { readonly session: { readonly id: string } };
    const transport = { type: "webrtc" as const, sdp: offer };
    const about = { type: "live" as const, model: "gpt-live-1" };
    const made = await client.post<Made>("/live/sessions", { body: { session: about, transport } });
    const { id } = made.session;
    await client.live.sessions.accept(id, { session: about });
    await client.live.sessions.fork(id, { transport });
    await client.live.sessions.refer(id, { target_uri: "tel:+12025550143" });
    await client.live.sessions.reject(id, { status_code: 486 });
    await client.live.sessions.hangup(id);
    await (await client.live.sessions.downloadRecording(id)).arrayBuffer();
  },

  async webhooks({ client }) {
    await client.webhooks.eventTypes.list();
    await attempt(client.get("/webhook_endpoints"));
    const path = "/webhook_endpoints/whe_none";
    await attempt(client.get(path));
    await attempt(client.post(path, { body: { name: "other" } }));
    await attempt(client.post(`${path}/test`, { body: { event_type: "response.completed" } }));
    await attempt(client.post(`${path}/rotate_secret`, { body: {} }));
    await attempt(client.delete(path));
    await attempt(
      client.post("/webhook_endpoints", { body: { url: "https://hooks.example.com", name: "mine" } }),
    );
  },

  async safety({ client }) {
    await attempt(client.safety.alerts.retrieve("alert_none"));
    await attempt(client.safety.cases.retrieve("case_none"));
  },

  async traces({ client }) {
    const trace = { object: "trace", id: "trace_1", workflow_name: "test", group_id: null, metadata: null };
    await client.post("/traces/ingest", { body: { data: [trace] } });
  },
};
