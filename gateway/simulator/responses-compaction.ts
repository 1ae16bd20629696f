// Compacts a context: the user's messages stay, everything else becomes one sealed item.
import { createHash } from "node:crypto";
import type { JsonObject } from "../exchange.ts";
import { makeId } from "./ids.ts";
import { countTokens } from "./text-pieces.ts";

/** Builds the answer to a compaction. */
export function toCompaction(context: readonly JsonObject[], nonce: string, now: number): JsonObject {
  const kept = context
    .filter((item) => item["role"] === "user")
    .map((item, index) => ({ status: "completed", ...item, id: makeId("msg_", nonce, index + 1) }));
  const id = makeId("cmp_", nonce);
  const rest = context.filter((item) => item["role"] !== "user");
  const seal = createHash("sha512").update(JSON.stringify(rest)).digest("base64url");
  const input = countTokens(JSON.stringify(context));
  const written = countTokens(seal);
  return {
    id: makeId("resp_", nonce),
    object: "response.compaction",
    created_at: now,
    output: [...kept, { id, type: "compaction", encrypted_content: `gAAAAAB${seal}` }],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: written,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + written,
    },
  };
}
