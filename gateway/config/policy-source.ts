// How a bundle at a URL is asked for.
import { resolve } from "node:path";
import { z } from "zod";
import { readAuthorities } from "./authorities.ts";
import { secretReference } from "./fields.ts";
import { isLoopback, toHost } from "./loopback.ts";
import type { Followed } from "./secrets.ts";

/** Headers that the gateway or HTTP itself sets. */
const OWN =
  /^(?:host|connection|content-.*|transfer-encoding|accept.*|prefer|if-.*|te|upgrade|keep-alive|proxy-.*)$/i;

/** The key `policy.source`. */
export const policySource = z
  .strictObject({
    token: secretReference
      .optional()
      .meta({ description: "A token that is sent as `Authorization: Bearer …`." }),
    headers: z
      .record(
        z
          .string()
          .regex(/^[A-Za-z0-9-]{1,64}$/)
          .refine((name) => !OWN.test(name), { error: "expected a header that is not the gateway's own" }),
        secretReference,
      )
      .default({})
      .meta({ description: "Further headers, each a reference to its value." }),
    certificate: secretReference
      .optional()
      .meta({ description: "The client certificate to show, with its chain, in PEM." }),
    key: secretReference.optional().meta({ description: "Its private key, in PEM, without a passphrase." }),
    ca: z.string().min(1).optional().meta({
      description:
        "A file of authorities in PEM, which alone are trusted for the source. Absent: the public ones and those of `outbound.ca`.",
    }),
    poll_s: z.int().min(1).max(86_400).default(30).meta({
      description:
        "Seconds between two questions, give or take a quarter, to a source that doesn't keep its answer back until there is something new.",
    }),
    wait_s: z.int().min(1).max(300).default(60).meta({
      description: "Seconds that a source may keep its answer back, where it can (long polling).",
    }),
    max_age_s: z.int().min(10).max(31_536_000).optional().meta({
      description:
        "Nothing is decided, so that every request is refused, once the source has not confirmed for so many seconds that the bundle is its newest. Absent: the last good one goes on deciding, however long the source is away.",
    }),
  })
  .prefault({})
  .meta({
    description:
      "How a bundle at a URL is asked for ([policy-distribution.md](policy-distribution.md)); the secrets are read anew for each question.",
  });

/** How a bundle at a URL is asked for, with its authorities read. */
export type PolicySource = Omit<z.output<typeof policySource>, "ca" | "max_age_s"> & {
  readonly authorities: string | null;
};

type Report = (at: readonly PropertyKey[], expected: string) => void;

/** Tells a URL from a path. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** Says what is wrong with the URL of a bundle; null: nothing. */
export function checkBundleUrl(text: string): string | null {
  const expected =
    "expected a path, or an https URL (http for this machine alone) without user, query and fragment";
  if (!URL.canParse(text)) return expected;
  const url = new URL(text);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(toHost(url)));
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return isSafe && isPlain ? null : expected;
}

/** Puts the key together; its secrets are followed once, to see that they are there. Reports what is wrong below it. */
export function readPolicySource(
  file: z.output<typeof policySource>,
  options: {
    readonly folder: string;
    readonly follow: (reference: string) => Followed;
    readonly report: Report;
  },
): PolicySource {
  const { ca, max_age_s: _, ...source } = file;
  const { follow, folder, report } = options;
  const references = [
    ...(["token", "certificate", "key"] as const).map((name) => [[name], source[name]] as const),
    ...Object.entries(source.headers).map(([name, reference]) => [["headers", name], reference] as const),
  ];
  for (const [at, reference] of references) {
    const followed = reference === undefined ? null : follow(reference);
    if (followed !== null && "expected" in followed) report(at, followed.expected);
    else if (
      followed !== null &&
      at[0] !== "certificate" &&
      at[0] !== "key" &&
      !/^[\x20-\x7e]*$/.test(followed.value)
    )
      report(at, "expected visible ASCII characters on one line");
  }
  if ((source.certificate === undefined) !== (source.key === undefined))
    report([], "expected both a certificate and its key");
  const authorities = ca === undefined ? null : readAuthorities(resolve(folder, ca));
  if (authorities !== null && "expected" in authorities) report(["ca"], authorities.expected);
  return { ...source, authorities: authorities !== null && "pem" in authorities ? authorities.pem : null };
}
