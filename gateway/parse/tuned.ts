// Names of fine-tuned models: ids of what somebody's job has made, unlike the names of models that everybody knows.

const TUNED = /^ft[:-]|:ft-/;
const CHECKPOINT = /:ckpt-step-\d+$/;

/** Gives the id of the fine-tuned model that a name stands for, that of a checkpoint's model too; null for any other model. */
export function toTunedModel(name: string): string | null {
  return TUNED.test(name) ? name.replace(CHECKPOINT, "") : null;
}
