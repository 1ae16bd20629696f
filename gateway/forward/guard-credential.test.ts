import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guardCredential, toSecrets } from "./guard-credential.ts";

const CREDENTIAL = "sk-0123456789abcdef0123";
/** Another live key of the same connection, of another length. */
const OLDER = "sk-older-6789abcdef0123456789";

/** Gives what passed of an answer, and the code of the error that ended it. */
function pass(
  chunks: readonly string[],
  headers: Record<string, string> = {},
  credential: string | null = CREDENTIAL,
): { readonly text: string; readonly end: string } {
  let [text, end] = ["", "open"];
  const guarded = guardCredential(
    {
      onHead: (_, given) => {
        text += Object.values(given).join();
      },
      onData: (chunk) => {
        text += chunk.toString("utf8");
      },
      onEnd: () => {
        end = "whole";
      },
      onError: ({ code }) => {
        end = code;
      },
    },
    toSecrets(credential === null ? [] : [credential, OLDER]),
  );
  guarded.onHead(200, headers);
  for (const chunk of chunks) guarded.onData(Buffer.from(chunk));
  guarded.onEnd();
  return { text, end };
}

describe("an answer that repeats a live key", () => {
  it("is cut off before all of it has passed, however it is split", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(CREDENTIAL, OLDER),
        fc.string(),
        fc.array(fc.nat(80), { maxLength: 12 }),
        (before, secret, after, cuts) => {
          const whole = before + secret + after;
          const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
          const { text, end } = pass(at.slice(1).map((to, index) => whole.slice(at[index], to)));
          expect(end).toBe("answer_unreadable");
          expect(text).not.toContain(secret);
        },
      ),
    );
  });

  it("is refused by its head", () => {
    expect(pass([], { "x-request-id": `Bearer ${CREDENTIAL}` })).toEqual({
      text: "",
      end: "answer_unreadable",
    });
  });
});

describe("any other answer", () => {
  it("passes as it came", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (chunks) => {
        expect(pass(chunks)).toEqual({ text: chunks.join(""), end: "whole" });
      }),
    );
  });

  it("passes where the credential is a placeholder", () => {
    expect(pass(["none"], {}, "none").end).toBe("whole");
    expect(pass(["x"], {}, null).end).toBe("whole");
  });
});
