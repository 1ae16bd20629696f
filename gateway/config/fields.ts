// The kinds of values that several parts of the configuration take.
import { z } from "zod";
import { isLoopback, toHost } from "./loopback.ts";

function isUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return isPlain && (url.protocol === "https:" || url.protocol === "http:");
}

/** An address without user, query or fragment. */
export const url = z
  .string()
  .refine(isUrl, { error: "expected an http or https URL without user, query or fragment" });

/** Who may say who is calling is asked over TLS; on this machine a test's issuer needs none. */
export const trustedUrl = url.refine(
  (text) => !text.startsWith("http:") || isLoopback(toHost(new URL(text))),
  { error: "expected an https URL", abort: true },
);

/** A reference to a secret, never the secret itself. The message doesn't repeat the value: it may be one. */
export const secretReference = z
  .string({ error: "expected a reference to a secret: env:NAME or file:PATH" })
  .regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, {
    error:
      "expected a reference to a secret, env:NAME or file:PATH; a secret never stands in the file itself",
  });

/** One text, or a list of at least one. */
export function oneOrMore(expected: string) {
  return z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: expected });
}
