// Ways through what keeps files: files, uploads, vector stores, batches, containers, skills.
import { createHash } from "node:crypto";
import { toFile } from "openai";
import { all, attempt } from "./journey.ts";
import type { Journey, Traveller } from "./journey.ts";

function upload(
  { client }: Traveller,
  text: string,
  name = "notes.txt",
  purpose: "user_data" | "batch" = "user_data",
) {
  return toFile(Buffer.from(text), name, { type: "text/plain" }).then((file) =>
    client.files.create({ file, purpose }),
  );
}

export const fileJourneys: Readonly<Record<string, Journey>> = {
  async files(traveller) {
    const { client } = traveller;
    const file = await upload(traveller, "All about dogs.\n");
    await client.files.retrieve(file.id);
    await (await client.files.content(file.id)).text();
    await (await client.files.content(file.id, { headers: { range: "bytes=4-8" } })).text();
    await attempt(client.files.content(file.id, { headers: { range: "bytes=400-" } }));
    for (const name of ["b.txt", "c.txt"]) await upload(traveller, name, name);
    await all(client.files.list({ limit: 2 }));
    await all(client.files.list({ order: "asc", purpose: "user_data" }));
    await client.files.delete(file.id);
    await attempt(client.files.retrieve(file.id));
    await attempt(client.files.content(file.id));
  },

  async uploads({ client }) {
    const texts = ["the first part, ", "and the second"];
    const whole = texts.join("");
    const about = { filename: "a.txt", purpose: "assistants" as const, mime_type: "text/plain" };
    const upload = await client.uploads.create({ ...about, bytes: whole.length });
    const parts: string[] = [];
    for (const text of texts) {
      const data = await toFile(Buffer.from(text), "part");
      parts.push((await client.uploads.parts.create(upload.id, { data })).id);
    }
    const md5 = createHash("md5").update(whole).digest("hex");
    const done = await client.uploads.complete(upload.id, { part_ids: parts, md5 });
    await client.files.retrieve(done.file?.id ?? "");
    const other = await client.uploads.create({ ...about, bytes: 10 });
    await client.uploads.cancel(other.id);
  },

  async "vector stores"(traveller) {
    const { client } = traveller;
    const [dogs, cats] = [
      await upload(traveller, "all about dogs"),
      await upload(traveller, "all about cats"),
    ];
    const store = await client.vectorStores.create({ name: "animals", file_ids: [dogs.id] });
    const at = { vector_store_id: store.id };
    await client.vectorStores.retrieve(store.id);
    await client.vectorStores.update(store.id, { name: "pets", metadata: { topic: "a" } });
    await all(client.vectorStores.list({ limit: 1 }));
    await client.vectorStores.files.createAndPoll(store.id, { file_id: cats.id }, { pollIntervalMs: 5 });
    await client.vectorStores.files.update(cats.id, { ...at, attributes: { year: 2020 } });
    await all(client.vectorStores.files.list(store.id));
    await all(client.vectorStores.files.content(cats.id, at));
    await all(client.vectorStores.search(store.id, { query: "cats" }));
    const batch = await client.vectorStores.fileBatches.create(store.id, { file_ids: [dogs.id, cats.id] });
    await client.vectorStores.fileBatches.retrieve(batch.id, at);
    await all(client.vectorStores.fileBatches.listFiles(batch.id, at));
    await client.vectorStores.fileBatches.cancel(batch.id, at);
    await client.vectorStores.files.delete(cats.id, at);
    await attempt(client.vectorStores.files.retrieve(cats.id, at));
    await client.vectorStores.delete(store.id);
    await attempt(client.vectorStores.retrieve(store.id));
  },

  async batches(traveller) {
    const { client } = traveller;
    const lines = ["echo: one", "fail 500"].map((input, index) => ({
      custom_id: `line-${index}`,
      method: "POST",
      url: "/v1/responses",
      body: { model: "gpt-4.1", input },
    }));
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const input = await upload(traveller, text, "input.jsonl", "batch");
    const about = { endpoint: "/v1/responses" as const, completion_window: "24h" as const };
    const batch = await client.batches.create({ ...about, input_file_id: input.id });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const done = await client.batches.retrieve(batch.id);
    for (const id of [done.output_file_id, done.error_file_id])
      await (await client.files.content(id ?? "")).text();
    await all(client.batches.list());
    await client.batches.cancel(batch.id);
    await attempt(client.batches.create({ ...about, input_file_id: "file-none" }));
  },

  async containers(traveller) {
    const { client } = traveller;
    const container = await client.containers.create({ name: "box" });
    const at = { container_id: container.id };
    await client.containers.retrieve(container.id);
    await all(client.containers.list());
    const text = await toFile(Buffer.from("a,b\n1,2\n"), "data.csv", { type: "text/csv" });
    const file = await client.containers.files.create(container.id, { file: text });
    const known = await upload(traveller, "known");
    await client.containers.files.create(container.id, { file_id: known.id });
    await client.containers.files.retrieve(file.id, at);
    await (await client.containers.files.content.retrieve(file.id, at)).text();
    await all(client.containers.files.list(container.id));
    await client.containers.files.delete(file.id, at);
    await client.containers.delete(container.id);
    await attempt(client.containers.retrieve(container.id));
  },

  async skills({ client }) {
    const about = "---\nname: greeter\ndescription: Greets people.\n---\nSay hello.\n";
    const files = [await toFile(Buffer.from(about), "greeter/SKILL.md", { type: "text/markdown" })];
    const skill = await client.skills.create({ files });
    const at = { skill_id: skill.id };
    await client.skills.retrieve(skill.id);
    await all(client.skills.list());
    const version = await client.skills.versions.create(skill.id, { files });
    await client.skills.versions.retrieve(version.version, at);
    await all(client.skills.versions.list(skill.id));
    await client.skills.update(skill.id, { default_version: version.version });
    await (await client.skills.content.retrieve(skill.id)).arrayBuffer();
    await (await client.skills.versions.content.retrieve("1", at)).arrayBuffer();
    await client.skills.versions.delete("1", at);
    await client.skills.delete(skill.id);
    await attempt(client.skills.retrieve(skill.id));
  },
};
