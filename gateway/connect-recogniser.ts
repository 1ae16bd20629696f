// Puts the recogniser of names and addresses together: how it is reached, how it is asked, and what is told of it.
import type { Config } from "./config/config.ts";
import { toGatewayError } from "./errors.ts";
import type { Events } from "./events.ts";
import { createJsonService } from "./forward/ask-json.ts";
import type { Outbound } from "./forward/outbound.ts";
import { createRecogniser } from "./recognise/recogniser.ts";
import type { Recogniser } from "./recognise/recogniser.ts";

const MOST_BYTES = 4 * 1024 * 1024;

/** A recogniser to which connections are open. */
export type ConnectedRecogniser = {
  readonly recogniser: Recogniser;
  /** Whether the last call was answered. */
  isAnswering(): boolean;
  close(): Promise<void>;
};

/** Opens the recogniser that is configured. */
export function connectRecogniser(
  config: NonNullable<Config["detect"]["recogniser"]>,
  secret: Buffer,
  events: Events,
  outbound: Outbound,
): ConnectedRecogniser {
  const { timeout_ms: timeoutMs, concurrency } = config;
  let isAnswering = true;
  const service = createJsonService(config.url.replace(/\/+$/, ""), "/analyze", {
    outbound,
    timeoutMs,
    connections: concurrency,
    mostBytes: MOST_BYTES,
  });
  const recogniser = createRecogniser({
    options: {
      languages: config.languages,
      classes: new Map(Object.entries(config.classes)),
      threshold: config.score_threshold,
      timeoutMs,
      concurrency,
      textsPerCall: config.texts_per_call,
      maxChars: config.max_chars,
      cacheBytes: config.cache_bytes,
      onError: config.on_error,
    },
    send: (body, signal) => service.ask(body, signal),
    secret: secret.toString("base64"),
    onCall(isAnswered, milliseconds) {
      isAnswering = isAnswered;
      events.recogniserCalled(isAnswered, milliseconds);
    },
    onIgnored: (error) => events.failed(null, toGatewayError(error)),
  });
  return { recogniser, isAnswering: () => isAnswering, close: () => service.close() };
}
