// The kinds of values that several parts of the configuration take.
import { z } from "zod";
import { isLoopback, toHost } from "./loopback.ts";
import { isEverywhere, isNetwork } from "./networks.ts";

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

/** An address or a network, of those who are trusted: never everybody. */
export const network = z
  .string()
  .refine(isNetwork, { error: "expected an address or a network, for instance 10.0.0.0/8", abort: true })
  .refine((text) => !isEverywhere(text), { error: "expected a network that is not the whole Internet" });

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

const SIZES: Readonly<Record<string, number>> = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function toBytes(text: string): number | null {
  const match = /^(\d{1,12})\s?(B|KiB|MiB|GiB)?$/.exec(text);
  const unit = SIZES[match?.[2] ?? ""];
  return match?.[1] === undefined || unit === undefined ? null : Number(match[1]) * unit;
}

/** A time in milliseconds. */
export function milliseconds(fallback: number, description: string, max = 86_400_000) {
  return z.int().min(1).max(max).default(fallback).meta({ description });
}

/** A number of things. */
export function count(fallback: number, description: string) {
  return z.int().min(1).max(100_000_000).default(fallback).meta({ description });
}

/** A number of bytes, or a size with its unit. */
export function bytes(fallback: string, description: string, max = "4GiB") {
  const top = toBytes(max) ?? 0;
  const expected = `a number of bytes, or a size such as "32MiB", from 1 to ${max}`;
  return z
    .union([z.number(), z.string()], { error: `expected ${expected}` })
    .refine(
      (value) => {
        const size = typeof value === "number" ? value : toBytes(value);
        return size !== null && Number.isSafeInteger(size) && size >= 1 && size <= top;
      },
      { error: `expected ${expected}` },
    )
    .transform((value) => (typeof value === "number" ? value : (toBytes(value) ?? 0)))
    .prefault(fallback)
    .meta({ description });
}
