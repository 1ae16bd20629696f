// The worker thread that counts tokens: a text that is slow to count holds up nobody but itself.
import { parentPort } from "node:worker_threads";
import { z } from "zod";

const question = z.object({ encoding: z.enum(["o200k_base", "cl100k_base"]), texts: z.array(z.string()) });

type Count = (text: string, options: { disallowedSpecial: Set<string> }) => number;

async function start(): Promise<void> {
  const [o200k, cl100k] = await Promise.all([
    import("gpt-tokenizer/encoding/o200k_base"),
    import("gpt-tokenizer/encoding/cl100k_base"),
  ]);
  const counters: Record<"o200k_base" | "cl100k_base", Count> = {
    o200k_base: o200k.countTokens,
    cl100k_base: cl100k.countTokens,
  };
  parentPort?.on("message", (message: unknown) => {
    const { encoding, texts } = question.parse(message);
    // What looks like a special token is text when a caller sends it.
    const options = { disallowedSpecial: new Set<string>() };
    const begin = performance.now();
    const counts = texts.map((text) => counters[encoding](text, options));
    parentPort?.postMessage({ counts, ms: performance.now() - begin });
  });
  parentPort?.postMessage("ready");
}

await start();
