// The answer that gives a client secret: the target's never reaches the program, which gets one of the gateway's.
import { isUtf8 } from "node:buffer";
import type { Sink } from "../answer/sink.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Caller, Grant, Json, JsonObject } from "../exchange.ts";
import type { TargetAnswer } from "../forward/target.ts";
import type { ClientSecrets } from "../identity/client-secrets.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isList, isObject } from "../parse/pointer.ts";
import { readSeconds, toUntraced } from "../request/realtime-body.ts";

const USUAL_SECONDS = 600;
/** What a client secret of the provider's looks like. */
const FOREIGN = /^ek_[A-Za-z0-9_-]{8,}$/;
/** Members of a request that are no setting of the session, where the body itself is the session. */
const NO_SETTING: ReadonlySet<string> = new Set(["client_secret", "expires_after", "model", "tracing"]);

/** The way of one answer in which a client secret is given. */
export type Giving = {
  /** Shows the secret to the program, once all rules have seen a placeholder of its length. */
  readonly sink: Sink;
  /** Takes the target's answer, and hands it on without the target's secret. */
  take(answer: TargetAnswer): TargetAnswer;
};

/** Opens the way of an answer. */
export function createGiving(
  deps: { readonly secrets: ClientSecrets; readonly answerBytes: number },
  asked: {
    readonly sink: Sink;
    readonly caller: Caller;
    readonly connection: string;
    readonly request: ParsedRequest;
    /** The request's body as it is sent on. */
    readonly body: JsonObject;
    readonly exchangeId: string;
  },
): Giving {
  const { secrets } = deps;
  const { sink, caller, connection, request, exchangeId } = asked;
  const secret = secrets.create();
  // Nobody can guess it, so that no text of the program's is taken for it.
  const placeholder = secrets.create();

  async function give(bytes: Buffer): Promise<Buffer> {
    const answered = toBody(bytes);
    const seconds = readSeconds(asked.body) ?? USUAL_SECONDS;
    const expiresAt = Math.min(Date.now() + seconds * 1000, caller.expiresAt ?? Number.POSITIVE_INFINITY);
    const shown = replaceSecret(answered, { value: placeholder, expires_at: Math.floor(expiresAt / 1000) });
    const grant = toGrant(request, asked.body, connection, answered);
    await secrets.add(secret, { caller, grant, exchangeId, expiresAt });
    return Buffer.from(JSON.stringify(shown));
  }

  return {
    sink: {
      ...sink,
      get begun() {
        return sink.begun;
      },
      get gone() {
        return sink.gone;
      },
      write: (bytes, onDrain) => sink.write(show(bytes), onDrain),
      end: (bytes) => sink.end(bytes === undefined ? undefined : show(bytes)),
    },
    take(answer) {
      const chunks: Buffer[] = [];
      let size = 0;
      let head: (() => void) | null = null;
      let over = false;
      const fail = (thrown: unknown): void => {
        if (over) return;
        over = true;
        answer.onError(toGatewayError(thrown));
      };
      return {
        onHead(status, headers) {
          // What is no success gives nothing.
          if (status < 200 || status >= 300) answer.onHead(status, headers);
          else head = () => answer.onHead(status, headers);
        },
        onData(chunk) {
          if (over) return;
          if (head === null) return answer.onData(chunk);
          size += chunk.length;
          chunks.push(chunk);
          if (size > deps.answerBytes) fail(unreadable());
        },
        onEnd() {
          if (over) return;
          if (head === null) return answer.onEnd();
          const begin = head;
          give(Buffer.concat(chunks)).then((bytes) => {
            if (over) return;
            over = true;
            begin();
            answer.onData(bytes);
            answer.onEnd();
          }, fail);
        },
        onError: fail,
      };
    },
  };

  function show(bytes: Buffer): Buffer {
    const at = bytes.indexOf(placeholder);
    if (at === -1) return bytes;
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(secret), bytes.subarray(at + secret.length)]);
  }
}

type Shown = { readonly value: string; readonly expires_at: number };

/** Puts a secret of ours where the target's stands: at the top, or as `client_secret` there or in the session. */
function replaceSecret(body: JsonObject, shown: Shown): JsonObject {
  const session = isObject(body["session"]) ? body["session"] : null;
  const old = [body["expires_at"], toSecret(body)?.["expires_at"]].find((at) => typeof at === "number");
  const replaced = {
    ...body,
    ...(typeof body["value"] === "string" && shown),
    ...(toSecret(body) !== null && { client_secret: shown }),
    ...(session !== null && {
      session: {
        ...session,
        ...(old !== undefined && session["expires_at"] === old && { expires_at: shown.expires_at }),
        // One place is enough.
        ...(toSecret(session) !== null && { client_secret: null }),
      },
    }),
  };
  const isTop = typeof body["value"] === "string";
  if (isTop === (toSecret(body) !== null) || holdsForeign(replaced, shown.value)) throw unreadable();
  return replaced;
}

function toSecret(of: JsonObject): JsonObject | null {
  const secret = of["client_secret"];
  return isObject(secret) ? secret : null;
}

/** Tells whether a secret of the target's stands anywhere. */
function holdsForeign(value: Json, own: string): boolean {
  if (typeof value === "string") return value !== own && FOREIGN.test(value);
  if (isList(value)) return value.some((one) => holdsForeign(one, own));
  return isObject(value) && Object.values(value).some((one) => holdsForeign(one, own));
}

function toGrant(request: ParsedRequest, body: JsonObject, connection: string, answered: JsonObject): Grant {
  const untraced = { ...body, ...toUntraced(body) };
  const { session: inner } = { session: untraced["session"] };
  const session = isObject(inner)
    ? inner
    : Object.fromEntries(Object.entries(untraced).filter(([key]) => !NO_SETTING.has(key)));
  const told = isObject(answered["session"]) ? answered["session"] : answered;
  const model = request.facts.model ?? toText(told["model"]);
  return { connection, operation: request.route.operation, model, session };
}

function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function toBody(bytes: Buffer): JsonObject {
  try {
    const value: Json = isUtf8(bytes) ? JSON.parse(bytes.toString("utf8")) : null;
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw unreadable();
}

function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's client secret cannot be read.");
}
