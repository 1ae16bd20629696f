// Chooses how an answer is read, by its real content type, once its head has arrived.
import { toRefusal } from "../apply/refusal.ts";
import { GatewayError } from "../errors.ts";
import { toCallerHeaders } from "../forward/headers.ts";
import { NO_CONTENT } from "../judge.ts";
import type { TargetAnswer } from "../forward/target.ts";
import { isFileAnswer, toFileHead } from "./file-answer.ts";
import { createFileReader } from "./file-reader.ts";
import { createChatDialect } from "./chat-dialect.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { createOtherDialect } from "./other-dialect.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";
import { toStatusError } from "./target-error.ts";
import { createWholeReader } from "./whole.ts";

const DIALECTS = {
  chat: createChatDialect,
  responses: createResponsesDialect,
  other: createOtherDialect,
} as const;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const NAME = "content-disposition";

/** Leaves out the name of a file in which something must be masked; its extension is no part of a value. */
function withoutName(context: AnswerContext, kept: Record<string, string>): Record<string, string> {
  const { [NAME]: name = "", ...others } = kept;
  if (name === "" || !context.masks.applies("answer")) return kept;
  // The recogniser is not asked about it.
  if (context.recognition.classes.size > 0) return others;
  const found = [name, name.replaceAll(".", " ")].flatMap((text) =>
    context.scanner.scan(text, "file_name", "answer"),
  );
  return found.some((one) => context.masks.pickFor(one, "file_name", "answer") !== null) ? others : kept;
}

function toMediaType(headers: Headers): string {
  const type = headers["content-type"];
  return typeof type === "string" ? (type.split(";", 1)[0] ?? "").trim().toLowerCase() : "";
}

function isCharsetUtf8(headers: Headers): boolean {
  const type = headers["content-type"];
  const charset = typeof type === "string" ? /;\s*charset="?([\w-]+)"?/i.exec(type)?.[1] : undefined;
  return charset === undefined || charset.toLowerCase() === "utf-8";
}

/** Tells an answer in which nothing can stand, or whose head says that nothing does. */
function isEmpty(status: number, headers: Headers): boolean {
  return (
    status === 204 || (headers["content-length"] === "0" && (status >= 400 || !("content-type" in headers)))
  );
}

/** Takes an answer of no type: nothing may stand in it. */
function withoutBody(reader: AnswerReader, toError: () => GatewayError): AnswerReader {
  const push = (chunk: Buffer): void => {
    if (chunk.length > 0) reader.fail(toError());
  };
  return { ...reader, push };
}

/**
 * Gives what takes the target's answer. Until the head has been read an error is told with a real status. `isOutput`: the
 * file that is asked for is known as a batch's output.
 */
export function openAnswer(
  context: AnswerContext,
  options: { readonly isOutput?: boolean } = {},
): TargetAnswer {
  const { sink, request } = context;
  const dialect = DIALECTS[request.route.spec.dialect];
  // Fails like any other reader where the target never answers.
  let reader: AnswerReader = createWholeReader(context, 502, {});

  function openStream(headers: Record<string, string>): void {
    const refusing = refuseStream(context);
    if (refusing !== null) {
      const before = reader;
      // What comes until the denial is durable is nobody's.
      reader = { push: () => undefined, end: () => undefined, fail: (error) => before.fail(error) };
      refusing.then(
        (error) => reader.fail(error),
        (error: unknown) => reader.fail(asError(error)),
      );
      return;
    }
    sink.head(200, {
      ...headers,
      ...context.effects(),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
    });
    reader = createStreamReader(context, dialect);
  }

  return {
    onHead(status, headers) {
      try {
        const type = toMediaType(headers);
        const encoding = headers["content-encoding"];
        if (encoding !== undefined && encoding !== "identity") {
          throw new GatewayError(
            "answer_unreadable",
            "The target compressed its answer although it was asked not to.",
          );
        }
        if (status === 401) {
          // The target's words about a credential may repeat a part of it.
          throw new GatewayError("credential_refused", "The target refused the gateway's credential.");
        }
        if (status >= 300 && status < 400) {
          throw new GatewayError("answer_type_unexpected", "The target answered with a redirect.");
        }
        const wantsStream = request.answer.stream && status === 200;
        // To a program whose stream has begun nothing else can be told.
        if (sink.begun && !(wantsStream && type === "text/event-stream"))
          throw new GatewayError(
            "target_failed",
            `The target answered with status ${status}, and no stream.`,
          );
        const isFile = isFileAnswer(request.route.spec, status, type, wantsStream);
        const kept = withoutName(context, toCallerHeaders(headers, isFile || status === 416));
        if (isFile) {
          reader = createFileReader(
            context,
            toFileHead(request.route.spec, status, headers, kept),
            options.isOutput === true,
          );
          return;
        }
        const isRead = isCharsetUtf8(headers);
        if (isRead && wantsStream && type === "text/event-stream") openStream(kept);
        else if (isRead && !wantsStream && type === "application/json")
          reader = createWholeReader(context, status, kept);
        else if (isEmpty(status, headers)) reader = createWholeReader(context, status, kept);
        else if (type === "" && !wantsStream)
          reader = withoutBody(createWholeReader(context, status, kept), () => toStatusError(status, kept));
        else throw toStatusError(status, kept);
      } catch (error) {
        reader.fail(asError(error));
      }
    },
    onData: (chunk) => reader.push(chunk),
    onEnd: () => reader.end(),
    onError: (error) => reader.fail(error),
  };
}

/** Asks the policy about a stream that begins. Gives the refusal, once it is durable; null where the stream may begin. */
export function refuseStream(context: AnswerContext): Promise<GatewayError> | null {
  const { judge, id } = context;
  if (!judge.speaksIn("answer")) return null;
  const answer = { status: 200, stream: true, model: null };
  const verdict = context.ask("answer", { answer }, NO_CONTENT);
  const refusal = toRefusal(verdict.decision, judge.rules, id);
  return refusal === null ? null : context.decided(verdict, "deny", []).then(() => refusal);
}

function asError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError
    ? thrown
    : new GatewayError("internal_error", "The gateway failed.", { cause: thrown });
}
