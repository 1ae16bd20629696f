// A bundle at a URL, by OPA's protocol: https://www.openpolicyagent.org/docs/management-bundles#bundle-service-api.
import { gunzipSync } from "node:zlib";
import { Agent, buildConnector, request } from "undici";
import type { Dispatcher } from "undici";
import type { PolicySource } from "../config/policy-source.ts";
import type { Followed } from "../config/secrets.ts";
import type { ClientCertificate, Outbound } from "../forward/outbound.ts";
import { BUNDLE_LIMITS } from "../bundle-archive/unpack.ts";
import { SourceError } from "./source.ts";
import type { Asking, BundleSource } from "./source.ts";

export type HttpSourceDeps = {
  readonly source: PolicySource & { readonly url: string };
  readonly outbound: Outbound;
  /** Follows a reference to a secret; anew each time, so that what rotates is taken up. */
  readonly follow: (reference: string) => Followed;
  readonly limits?: Partial<typeof LIMITS>;
};

const LIMITS = {
  bytes: BUNDLE_LIMITS.packed,
  redirects: 5,
  connectMs: 10_000,
  /** Until the head of the answer, beside what the source may wait; and between two reads of its body. */
  silenceMs: 20_000,
  /** For the whole of an answer. */
  answerMs: 120_000,
  /** What is answered so soon was not kept back. */
  quickMs: 1_000,
  /** The pause after a new bundle that came so soon: somebody publishes one after the other. */
  pauseMs: 200,
};

/** The server answers with this type where it keeps answers back until there is something new. */
const LONG_POLLING = "application/vnd.openpolicyagent.bundles";
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Opens a URL. */
export function createHttpSource(deps: HttpSourceDeps): BundleSource {
  const { source } = deps;
  const limits = { ...LIMITS, ...deps.limits };
  const first = new URL(source.url);
  let etag: string | null = null;
  let isWaiting = false;

  async function ask({ mayWait, signal }: Asking): Promise<{ bytes: Buffer | null; pauseMs: number }> {
    const waitS = mayWait && isWaiting ? source.wait_s : 0;
    const agent = openAgent();
    const began = performance.now();
    try {
      const answer = await follow(
        agent,
        waitS,
        AbortSignal.any([signal, AbortSignal.timeout(waitS * 1000 + limits.answerMs)]),
      );
      const { statusCode: status, headers, body } = answer;
      const type = readHeader(headers["content-type"]) ?? "";
      if (status === 304 && etag !== null) {
        leave(body);
        isWaiting = type.startsWith(LONG_POLLING) || (isWaiting && type === "");
        return { bytes: null, pauseMs: toPause(false, waitS, performance.now() - began) };
      }
      if (status !== 200) {
        leave(body);
        throw new SourceError(
          status === 304
            ? "it says that nothing has changed, of what it never gave"
            : `it answers with status ${status}`,
        );
      }
      const bytes = unzip(
        await readBody(body, Number(readHeader(headers["content-length"]) ?? "0")),
        headers,
      );
      isWaiting = type.startsWith(LONG_POLLING);
      etag = toEtag(readHeader(headers["etag"]));
      return { bytes, pauseMs: toPause(true, waitS, performance.now() - began) };
    } finally {
      await agent.destroy();
    }
  }

  /** A source that says that it waits, and has nothing new at once, is asked as often as one that does not say so. */
  function toPause(isNew: boolean, waitS: number, tookMs: number): number {
    if (!isWaiting) return source.poll_s * 1000;
    if (waitS === 0 || tookMs >= limits.quickMs) return 0;
    return isNew ? limits.pauseMs : source.poll_s * 1000;
  }

  async function follow(agent: Agent, waitS: number, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let url = first;
    let isOwn = true;
    for (let hops = 0; hops <= limits.redirects; hops += 1) {
      const answer = await request(url, {
        dispatcher: agent,
        signal,
        headersTimeout: waitS * 1000 + limits.silenceMs,
        bodyTimeout: limits.silenceMs,
        headers: toHeaders(isOwn, waitS),
      });
      const location = readHeader(answer.headers["location"]);
      if (!REDIRECTS.has(answer.statusCode) || location === null) return answer;
      leave(answer.body);
      if (!URL.canParse(location, url.href)) throw new SourceError("it redirects to no URL");
      const next = new URL(location, url);
      // Over plain HTTP nobody knows whom it comes from.
      if (next.protocol !== "https:" && next.origin !== first.origin)
        throw new SourceError("it redirects to what is no https URL");
      isOwn &&= next.origin === first.origin;
      url = next;
    }
    throw new SourceError(`it redirects more than ${limits.redirects} times`);
  }

  function toHeaders(isOwn: boolean, waitS: number): Record<string, string> {
    const own: Record<string, string> = {};
    // Where a redirect leads is another's, who gets no credential, and who chooses none of our requests either.
    if (isOwn) {
      for (const [name, reference] of Object.entries(source.headers)) own[name] = read(reference);
      if (source.token !== undefined) own["authorization"] = `Bearer ${read(source.token)}`;
    }
    return {
      ...own,
      accept: "application/gzip, application/octet-stream, */*",
      "accept-encoding": "gzip, identity",
      prefer: waitS > 0 ? `modes=snapshot;wait=${waitS}` : "modes=snapshot",
      "user-agent": "Tollgate",
      ...(etag !== null && { "if-none-match": etag }),
    };
  }

  function read(reference: string): string {
    const followed = deps.follow(reference);
    if ("expected" in followed) throw new SourceError(followed.expected);
    return followed.value;
  }

  /** Opened anew each time, so that a certificate that rotates is taken up, and an answer that hangs holds nothing. */
  function openAgent(): Agent {
    const { certificate, key, authorities } = source;
    const { host, protocol } = first;
    const open = (client: ClientCertificate | null): buildConnector.connector =>
      deps.outbound.trusting(authorities, client).connector(limits.connectMs) ??
      buildConnector({ timeout: limits.connectMs });
    const others = open(null);
    if (certificate === undefined || key === undefined) return new Agent({ connect: others });
    const own = open({ cert: read(certificate), key: read(key) });
    // The certificate is for the source, not for those that it redirects to.
    return new Agent({
      connect: (options, callback) =>
        (options.host === host && options.protocol === protocol ? own : others)(options, callback),
    });
  }

  async function readBody(body: Dispatcher.ResponseData["body"], announced: number): Promise<Buffer> {
    const tooLong = () => new SourceError(`its bundle is longer than ${limits.bytes} bytes`);
    const pieces: Buffer[] = [];
    let size = 0;
    if (announced > limits.bytes) {
      leave(body);
      throw tooLong();
    }
    for await (const piece of body) {
      if (!(piece instanceof Uint8Array)) continue;
      size += piece.byteLength;
      // Leaving the loop ends the answer.
      if (size > limits.bytes) throw tooLong();
      pieces.push(Buffer.from(piece));
    }
    return Buffer.concat(pieces, size);
  }

  function unzip(bytes: Buffer, headers: Dispatcher.ResponseData["headers"]): Buffer {
    const encoding = readHeader(headers["content-encoding"]) ?? "identity";
    if (encoding === "identity") return bytes;
    if (encoding !== "gzip" && encoding !== "x-gzip")
      throw new SourceError("it answers in an encoding that was not asked for");
    try {
      return gunzipSync(bytes, { maxOutputLength: limits.bytes });
    } catch (cause) {
      throw new SourceError(`its answer is no gzip of at most ${limits.bytes} bytes`, { cause });
    }
  }

  return {
    name: source.url,
    isRemote: true,
    async ask(asking) {
      try {
        return await ask(asking);
      } catch (cause) {
        asking.signal.throwIfAborted();
        const why = cause instanceof SourceError ? cause.message : `it can't be reached (${toCode(cause)})`;
        throw new SourceError(`The source ${source.url} gives no bundle: ${why}.`, { cause });
      }
    },
    forget() {
      etag = null;
    },
  };
}

/** Ends an answer that nobody reads on. */
function leave(body: Dispatcher.ResponseData["body"]): void {
  body.on("error", () => undefined).destroy();
}

function readHeader(value: string | string[] | undefined): string | null {
  return typeof value === "string" ? value : (value?.[0] ?? null);
}

/** What is sent back must be what was given; anything odd is taken for none. */
function toEtag(value: string | null): string | null {
  return value !== null && /^(?:W\/)?"[\x21\x23-\x7e]{0,512}"$/.test(value) ? value : null;
}

/** Gives the code of what went wrong; what the other side wrote stands in no message. */
function toCode(cause: unknown): string {
  if (!(cause instanceof Error)) return "unknown";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return cause.name;
}
