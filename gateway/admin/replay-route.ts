// `POST /policy/replay`: tries a bundle that is sent on what was recorded, one at a time, for keys that have that right.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { readBounded } from "./read-bounded.ts";
import { toLasting } from "./lasting-answer.ts";

/** What is asked for besides the bundle, as it came. */
export type ReplayQuery = z.infer<typeof query>;

/** A replay that was done, as it may be answered. */
export type ReplayResult = { toText(type: ReplayType): string };

export type ReplayType = (typeof TYPES)[number];

/** Says why a replay can't be done, in words for whoever asked for it. */
export class ReplayRefusal extends Error {
  readonly status: 400 | 422 | 503;

  constructor(status: 400 | 422 | 503, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReplayRefusal";
    this.status = status;
  }
}

/** What the route is made of. */
export type ReplayDoor = {
  readonly mostBytes: number;
  isLimited(c: Context): boolean;
  noteFailure(c: Context): void;
  /** Gives whose key it is: null where it is none that counts. */
  identify(token: string): Promise<{ readonly name: string; readonly mayReplay: boolean } | null>;
  /** Replays. Rejects with a `ReplayRefusal`; `onOpened` is told once the bundle is known to be good. */
  replay(
    asked: { readonly bundle: Buffer; readonly query: ReplayQuery; readonly actor: string },
    onOpened: () => void,
    signal: AbortSignal,
  ): Promise<ReplayResult>;
};

const text = z.string().min(1).max(256);
const query = z.strictObject({
  since: text.optional(),
  until: text.optional(),
  subject: text.optional(),
  operation: text.optional(),
  connection: text.optional(),
  limit: z.coerce.number().int().positive().max(100_000_000).optional(),
  against: text.optional(),
  operator: z.literal("none").optional(),
  "fail-on": z.array(text).max(32),
});

const TYPES = ["application/json", "text/html", "application/xml", "text/markdown"] as const;
/** When it may be tried again; nobody knows how long another one takes. */
const AGAIN_S = "30";

/** Adds the route. */
export function addReplayRoute(app: Hono, door: ReplayDoor): void {
  let isRunning = false;

  async function run(c: Context, actor: string): Promise<Response> {
    const parsed = query.safeParse(toRecord(new URL(c.req.url).searchParams));
    if (!parsed.success) return refuse(c, 400, "options_invalid", z.prettifyError(parsed.error));
    const bundle = await readBounded(c.req.raw, door.mostBytes);
    if (bundle === null)
      return refuse(c, 413, "bundle_too_large", `A bundle has at most ${door.mostBytes} bytes.`);
    if (bundle.byteLength === 0)
      return refuse(c, 400, "bundle_missing", "Send the bundle (.tar.gz) as the body.");
    const type = TYPES.find((one) => c.req.header("accept")?.includes(one) === true) ?? TYPES[0];
    const opened = Promise.withResolvers<null>();
    const leaves = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, leaves.signal]);
    const running = door.replay({ bundle, query: parsed.data, actor }, () => opened.resolve(null), signal);
    isRunning = true;
    const free = (): void => void (isRunning = false);
    running.then(free, free);
    try {
      await Promise.race([opened.promise, running]);
    } catch (error) {
      if (!(error instanceof ReplayRefusal)) throw error;
      const code =
        error.status === 422 ? "bundle_refused" : error.status === 400 ? "options_invalid" : "replay_failed";
      return refuse(c, error.status, code, error.message);
    }
    const written = running.then(
      (result) => result.toText(type),
      (error: unknown) => {
        const message = error instanceof ReplayRefusal ? error.message : "The replay failed.";
        return Promise.reject(new Error(toError("replay_failed", message), { cause: error }));
      },
    );
    return new Response(
      toLasting(written, () => leaves.abort()),
      {
        headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" },
      },
    );
  }

  app.post("/policy/replay", async (c) => {
    if (door.isLimited(c)) return busy(c, "too_many_failures", "Too many attempts failed; wait a minute.");
    const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(c.req.header("authorization") ?? "") ?? [];
    const owner = token === undefined ? null : await door.identify(token);
    if (owner === null) {
      door.noteFailure(c);
      c.header("www-authenticate", "Bearer");
      return refuse(
        c,
        401,
        "token_invalid",
        "Show a key that was made with --scope policy:replay, as a bearer token.",
      );
    }
    if (!owner.mayReplay)
      return refuse(c, 403, "scope_missing", "The key may not replay: make one with --scope policy:replay.");
    if (isRunning) return busy(c, "replay_running", "A replay runs here; one runs at a time.");
    // From here on, so that two can't send at once.
    isRunning = true;
    const answer = await run(c, owner.name).catch((error: unknown) => {
      isRunning = false;
      throw error;
    });
    if (answer.status !== 200) isRunning = false;
    return answer;
  });
}

function toRecord(params: URLSearchParams): Readonly<Record<string, unknown>> {
  const { "fail-on": _, ...rest } = Object.fromEntries(params);
  return { ...rest, "fail-on": params.getAll("fail-on") };
}

function busy(c: Context, code: string, message: string): Response {
  c.header("retry-after", AGAIN_S);
  return refuse(c, 429, code, message);
}

function refuse(
  c: Context,
  status: 400 | 401 | 403 | 413 | 422 | 429 | 503,
  code: string,
  message: string,
): Response {
  return c.body(toError(code, message), status, { "content-type": "application/json" });
}

function toError(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}
