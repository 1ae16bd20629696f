// Reads how the gateway reaches other hosts: the proxy that leads out, and private authorities.
import { resolve } from "node:path";
import { z } from "zod";
import { readAuthorities } from "./authorities.ts";
import { secretReference, url } from "./fields.ts";
import { splitNoProxy } from "./no-proxy.ts";
import type { Environment, Followed } from "./secrets.ts";

/** The key `outbound`. */
export const outbound = z
  .strictObject({
    proxy: z
      .union([z.literal("none"), url], { error: "expected the URL of a proxy, or none" })
      .optional()
      .meta({
        description:
          "The proxy that leads out, by which everything but this machine is reached (CONNECT). Absent: that of `HTTPS_PROXY`; `none`: no proxy.",
      }),
    proxy_credential: secretReference
      .optional()
      .meta({ description: "`user:password` for the proxy; with `HTTPS_PROXY` they may stand in that URL." }),
    no_proxy: z
      .array(z.string().regex(/^[\w.:*[\]/-]{1,253}$/, { error: "expected a host, an address or a network" }))
      .max(256)
      .optional()
      .meta({
        description:
          "Hosts (with those below them), addresses and networks that are called directly. Absent: those of `NO_PROXY`.",
      }),
    ca: z.string().min(1).optional().meta({
      description:
        "A file of authorities in PEM that are trusted besides the public ones. It is read at the start.",
    }),
  })
  .prefault({})
  .meta({
    description:
      "How targets, issuers and the recogniser are reached ([network.md](network.md)). The database has its own URL.",
  });

/** How other hosts are reached, without secrets. */
export type OutboundConfig = {
  /** Without user and password; null: there is none. */
  readonly proxy: string | null;
  readonly noProxy: readonly string[];
  /** Authorities in PEM that are trusted besides the public ones. */
  readonly ca: string | null;
};

type Report = (at: readonly PropertyKey[] | string, expected: string) => void;

/** Puts the file and the usual variables together. */
export function readOutbound(
  file: z.output<typeof outbound>,
  options: {
    readonly env: Environment;
    readonly folder: string;
    readonly follow: (reference: string) => Followed;
    readonly report: Report;
  },
): { readonly outbound: OutboundConfig; readonly credential: string | null } {
  const { report } = options;
  const usual = readUsualProxy(options.env);
  const isNamed = file.proxy !== undefined;
  if (!isNamed && usual.expected !== null) report("HTTPS_PROXY", usual.expected);
  const proxy = isNamed ? (file.proxy === "none" ? null : (file.proxy ?? null)) : usual.proxy;
  let credential = isNamed ? null : usual.credential;
  if (file.proxy_credential !== undefined) {
    const followed = options.follow(file.proxy_credential);
    if ("value" in followed && /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(followed.value))
      credential = followed.value;
    else
      report(
        ["outbound", "proxy_credential"],
        "expected" in followed ? followed.expected : "expected user:password in visible ASCII characters",
      );
  }
  const authorities = file.ca === undefined ? null : readAuthorities(resolve(options.folder, file.ca));
  if (authorities !== null && "expected" in authorities) report(["outbound", "ca"], authorities.expected);
  return {
    outbound: {
      proxy,
      noProxy: file.no_proxy ?? usual.noProxy,
      ca: authorities !== null && "pem" in authorities ? authorities.pem : null,
    },
    credential,
  };
}

/** Reads `HTTPS_PROXY` and `NO_PROXY` as other programs do, in capitals or not. */
export function readUsualProxy(env: Environment): {
  readonly proxy: string | null;
  readonly credential: string | null;
  readonly noProxy: readonly string[];
  readonly expected: string | null;
} {
  const given = (env["HTTPS_PROXY"] ?? env["https_proxy"] ?? "").trim();
  const noProxy = splitNoProxy(env["NO_PROXY"] ?? env["no_proxy"] ?? "");
  const none = { proxy: null, credential: null, noProxy, expected: null };
  if (given === "") return none;
  const expected = "expected an http or https URL; outbound.proxy wins over it";
  if (!URL.canParse(given)) return { ...none, expected };
  const { protocol, host, username, password } = new URL(given);
  if (protocol !== "http:" && protocol !== "https:") return { ...none, expected };
  try {
    const isOpen = username === "" && password === "";
    const credential = isOpen ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { proxy: `${protocol}//${host}`, credential, noProxy, expected: null };
  } catch {
    return { ...none, expected };
  }
}
