// Finds literals shaped like a provider's key: a hosting site refuses a push that holds one, real or made up.
import { toPlace } from "./tracked-files.ts";
import type { TrackedFile } from "./tracked-files.ts";

/** What tests need of these shapes is put together when it is read, for instance as `"sk-" + "proj-" + …`. */
const SHAPES: readonly { readonly name: string; readonly shape: RegExp }[] = [
  { name: "an OpenAI key", shape: /\bsk-(?:proj|svcacct|admin|ant|or-v1)-[\w-]{32,}|\bsk-[A-Za-z0-9]{32,}/g },
  { name: "an AWS access key id", shape: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g },
  { name: "a GitHub token", shape: /\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{40,}/g },
  { name: "a GitLab token", shape: /\bglpat-[\w-]{20,}/g },
  { name: "a Slack token", shape: /\bxox[abeoprs]-[\w-]{20,}/g },
  { name: "a Stripe key", shape: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}/g },
  { name: "a Google API key", shape: /\bAIza[\w-]{35}/g },
  { name: "an npm token", shape: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: "a private key", shape: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/]{40,}/g },
  { name: "a JSON Web Token", shape: /\beyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}/g },
  { name: "a Tollgate key", shape: /\btg_(?:[a-z]+_)?[A-Za-z0-9]{32,}/g },
];

/** Lists the places of such literals; never the literal itself. */
export function findSecrets(files: readonly TrackedFile[]): string[] {
  return files.flatMap((file) =>
    SHAPES.flatMap(({ name, shape }) =>
      [...file.text.matchAll(shape)].map(
        ({ index }) => `${toPlace(file, index)}: this is shaped like ${name}`,
      ),
    ),
  );
}
