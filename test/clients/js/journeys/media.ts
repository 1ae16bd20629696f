// Ways through pictures, speech and films.
import { toFile } from "openai";
import { all, attempt, poll } from "./journey.ts";
import type { Journey } from "./journey.ts";

const picture = () => toFile(Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]), "a.png", { type: "image/png" });
const recording = () => toFile(Buffer.from("What somebody said."), "a.wav", { type: "audio/wav" });

export const mediaJourneys: Readonly<Record<string, Journey>> = {
  async images({ client }) {
    const model = "gpt-image-1";
    await client.images.generate({ model, prompt: "a boat", n: 2 });
    await all(await client.images.generate({ model, prompt: "a boat", stream: true, partial_images: 2 }));
    await client.images.edit({ model, image: await picture(), prompt: "a red boat" });
    await client.images.edit({ model, image: [await picture(), await picture()], prompt: "two boats" });
    await all(await client.images.edit({ model, image: await picture(), prompt: "boats", stream: true }));
    await client.images.createVariation({ image: await picture() });
    await attempt(client.images.generate({ model, prompt: "fail 400" }));
  },

  async speech({ client }) {
    const about = { model: "gpt-4o-mini-tts", voice: "alloy" as const, input: "Hello there." };
    await (await client.audio.speech.create(about)).arrayBuffer();
    await (await client.audio.speech.create({ ...about, response_format: "wav" })).arrayBuffer();
    await (await client.audio.speech.create({ ...about, stream_format: "sse" })).text();
    await attempt(client.audio.speech.create({ ...about, model: "no-such-model" }));
  },

  async transcriptions({ client }) {
    const model = "gpt-4o-transcribe";
    await client.audio.transcriptions.create({ model, file: await recording() });
    await all(await client.audio.transcriptions.create({ model, file: await recording(), stream: true }));
    for (const response_format of ["text", "srt", "vtt", "verbose_json"] as const)
      await client.audio.transcriptions.create({
        model: "whisper-1",
        file: await recording(),
        response_format,
      });
    await client.audio.translations.create({ model: "whisper-1", file: await recording() });
  },

  async voices({ client }) {
    const consent = await client.audio.voiceConsents.create({
      name: "mine",
      language: "en",
      recording: await recording(),
    });
    await client.audio.voiceConsents.retrieve(consent.id);
    await client.audio.voiceConsents.update(consent.id, { name: "ours" });
    await all(client.audio.voiceConsents.list());
    const voice = await client.audio.voices.create({
      name: "mine",
      consent: consent.id,
      audio_sample: await recording(),
    });
    await client.audio.voices.delete(voice.id);
    await client.audio.voiceConsents.delete(consent.id);
  },

  async videos({ client }) {
    const video = await client.videos.create({ prompt: "a boat at sea" });
    await attempt(client.videos.downloadContent(video.id));
    await poll(
      () => client.videos.retrieve(video.id),
      ({ status }) => status === "completed",
    );
    await (await client.videos.downloadContent(video.id)).arrayBuffer();
    await (await client.videos.downloadContent(video.id, { variant: "thumbnail" })).arrayBuffer();
    await client.videos.remix(video.id, { prompt: "at night" });
    await client.videos.edit({ prompt: "with birds", video: { id: video.id } });
    await client.videos.extend({ prompt: "and on", seconds: "4", video: { id: video.id } });
    await all(client.videos.list());
    const character = await client.videos.createCharacter({ name: "captain", video: await recording() });
    await client.videos.getCharacter(character.id ?? "");
    await client.videos.delete(video.id);
    await attempt(client.videos.retrieve(video.id));
  },

  async provenance({ client }) {
    await client.contentProvenanceChecks.create({ file: await picture() });
  },
};
