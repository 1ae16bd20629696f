// Takes a provider's key in: from a file, a pipe, or a prompt that shows nothing; never from the arguments.
import { checkProviderKey } from "../config/secrets.ts";
import { secretReference } from "../config/fields.ts";
import type { Credential } from "../connections/envelope.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { readStdin } from "./read-stdin.ts";
import { readText } from "./read-text.ts";

const LONGEST = 64 * 1024;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

/** Where a key comes from; neither: standard input, or a prompt at a terminal. */
export type KeySource = { readonly file?: string | undefined; readonly reference?: string | undefined };

/** Reads a key, or the reference to one, and refuses what can be neither. */
export async function readCredential(
  context: CommandContext,
  source: KeySource,
  question: string,
): Promise<Credential> {
  const { file, reference } = source;
  if (file !== undefined && reference !== undefined)
    throw new CommandError("Give the key itself or a reference to it, not both.", 2);
  if (reference !== undefined) return { reference: checkReference(reference) };
  const value = file === undefined ? await readInput(context, question) : readText(context, file);
  const expected = checkProviderKey(value);
  if (expected !== null) throw new CommandError(`The key is refused: ${expected}.`, 2);
  return { value };
}

/** Each gateway follows it in its own folder: the path of a file must mean the same everywhere. */
function checkReference(reference: string): string {
  if (!secretReference.safeParse(reference).success)
    throw new CommandError(
      "Expected a reference, env:NAME or file:PATH; a key never stands in the arguments.",
      2,
    );
  if (reference.startsWith("file:") && !reference.startsWith("file:/"))
    throw new CommandError("Expected the whole path of the file, for instance file:/run/secrets/openai.", 2);
  return reference;
}

async function readInput({ stdin, stderr }: CommandContext, question: string): Promise<string> {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return readStdin(stdin, "key");
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  try {
    let text = "";
    for await (const chunk of stdin) {
      text += chunk.toString();
      if (text.includes(CTRL_C) || text.includes(CTRL_D)) throw new CommandError("Nothing was changed.");
      if (/[\r\n]/.test(text) || text.length > LONGEST) break;
    }
    return withoutErased(text).trim();
  } finally {
    stdin.setRawMode(false);
    stderr.write("\n");
  }
}

/** A terminal in raw mode gives the erasing key as a character. */
function withoutErased(text: string): string {
  let kept = "";
  for (const character of text)
    kept = character === "\u007f" || character === "\b" ? kept.slice(0, -1) : kept + character;
  return kept;
}
