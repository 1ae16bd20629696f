// Ways through fine-tuning and evals.
import { toFile } from "openai";
import { all, attempt, poll } from "./journey.ts";
import type { Journey } from "./journey.ts";

const grader = {
  type: "string_check" as const,
  name: "same",
  input: "{{sample.output_text}}",
  reference: "{{item.label}}",
  operation: "eq" as const,
};

export const jobJourneys: Readonly<Record<string, Journey>> = {
  async "fine-tuning"({ client }) {
    const line = JSON.stringify({
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "ho" },
      ],
    });
    const file = await toFile(Buffer.from(`${line}\n`), "training.jsonl", { type: "application/jsonl" });
    const training = await client.files.create({ file, purpose: "fine-tune" });
    const job = await client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: training.id });
    await client.fineTuning.jobs.pause(job.id);
    await client.fineTuning.jobs.resume(job.id);
    const done = await poll(
      () => client.fineTuning.jobs.retrieve(job.id),
      ({ status }) => status === "succeeded",
    );
    await client.models.retrieve(done.fine_tuned_model ?? "");
    await all(client.fineTuning.jobs.listEvents(job.id));
    await all(client.fineTuning.jobs.checkpoints.list(job.id));
    await (await client.files.content(done.result_files[0] ?? "")).text();
    await client.models.delete(done.fine_tuned_model ?? "");
    const other = await client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: training.id });
    await client.fineTuning.jobs.cancel(other.id);
    await all(client.fineTuning.jobs.list());
    await attempt(client.fineTuning.jobs.retrieve("ftjob-none"));
  },

  async graders({ client }) {
    await client.fineTuning.alpha.graders.validate({ grader });
    await client.fineTuning.alpha.graders.run({ grader, model_sample: "yes", item: { label: "yes" } });
  },

  async evals({ client }) {
    const made = await client.evals.create({
      name: "greetings",
      data_source_config: { type: "custom", item_schema: { type: "object" } },
      testing_criteria: [grader],
    });
    const at = { eval_id: made.id };
    await client.evals.retrieve(made.id);
    await client.evals.update(made.id, { name: "hellos" });
    await all(client.evals.list());
    const run = await client.evals.runs.create(made.id, {
      name: "first",
      data_source: {
        type: "jsonl",
        source: { type: "file_content", content: [{ item: { input: "echo: hi", label: "hi" } }] },
      },
    });
    await client.evals.runs.retrieve(run.id, at);
    await all(client.evals.runs.list(made.id));
    const [output] = await all(client.evals.runs.outputItems.list(run.id, at));
    await client.evals.runs.outputItems.retrieve(output?.id ?? "", { ...at, run_id: run.id });
    await client.evals.runs.cancel(run.id, at);
    // The published way to cancel.
    await client.post(`/evals/${made.id}/runs/${run.id}`);
    await client.evals.runs.delete(run.id, at);
    await client.evals.delete(made.id);
    await attempt(client.evals.retrieve(made.id));
  },
};
