// The simulated OpenAI upstream: an HTTP server that answers from scripts in the prompt, so that nothing needs a key.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Json, JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { createChatRoutes } from "./chat-routes.ts";
import { createNonceSource, makeId } from "./ids.ts";
import { isObject, parseText } from "./read-json.ts";
import { MODELS, isModel } from "./request-checks.ts";
import { createResponsesRoutes } from "./responses-routes.ts";
import { serveResponsesSocket } from "./responses-socket.ts";
import { serveSockets } from "./sockets.ts";
import { sendJson } from "./send.ts";
import type { Exchange } from "./send.ts";

/** A request as it arrived, for tests: of a WebSocket (`WS`) its opening, then each message as a body. */
export type SeenRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** What a simulator may be told. */
export type SimulatorOptions = {
  /** The bearer credential that every request must carry; absent: any. */
  readonly credential?: string;
  /** Keep the last requests for `requests()`. */
  readonly inspect?: boolean;
  /** Makes ids repeatable from run to run. */
  readonly seed?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told of faults of the simulator itself, by name only. */
  readonly log?: (event: { readonly name: string }) => void;
};

/** The simulated upstream. */
export type Simulator = {
  /** Starts to listen; `url` is the API's base URL, with `/v1`. Port 0 takes a free one. */
  listen(port: number, host: string): Promise<{ readonly url: string }>;
  /** Stops at once, open answers included. */
  close(): Promise<void>;
  /** The newest requests, oldest first; empty unless created with `inspect`. */
  requests(): readonly SeenRequest[];
};

const BODY_LIMIT = 64 * 1024 * 1024;
const SEEN_LIMIT = 1000;

/** Creates a simulator with an empty store. It keeps nothing on disk. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const now = options.now ?? Date.now;
  const nextNonce = createNonceSource(options.seed ?? null);
  const responses = createResponsesRoutes({ nextNonce, now });
  const chat = createChatRoutes({ nextNonce, now });
  const seen: SeenRequest[] = [];

  function see(request: SeenRequest): void {
    seen.push(request);
    if (seen.length > SEEN_LIMIT) seen.shift();
  }

  async function readBody(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request) {
      const bytes: Buffer = chunk;
      length += bytes.length;
      if (length > BODY_LIMIT) throw new ApiError(413, "The request is too large.");
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  }

  async function route(exchange: Exchange, url: URL, body: Buffer): Promise<void> {
    const method = exchange.request.method ?? "GET";
    const path = url.pathname.replace(/^\/v1\//, "");
    const [, kind = "", id = "", rest = ""] =
      /^(responses|chat\/completions|models)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (kind === "responses" && id === "" && method === "POST")
      return responses.create(exchange, parseBody(body));
    if (
      kind === "responses" &&
      id !== "" &&
      (await responses.stored(exchange, method, id, rest, url.searchParams))
    )
      return;
    if (kind === "chat/completions" && id === "" && method === "POST")
      return chat.create(exchange, parseBody(body));
    if (kind === "chat/completions" && id === "" && method === "GET")
      return chat.list(exchange, url.searchParams);
    if (kind === "chat/completions" && id !== "") {
      if (
        await chat.stored(exchange, method, id, rest, url.searchParams, () =>
          Promise.resolve(parseBody(body)),
        )
      )
        return;
    }
    if (kind === "models" && method === "GET" && rest === "") return sendModels(exchange, id);
    throw new ApiError(404, `Invalid URL (${method} ${url.pathname})`);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.once("close", () => left.abort());
    const exchange = { request, response, signal: left.signal };
    response.setHeader("x-tollgate-simulated", "true");
    response.setHeader("x-request-id", `req_${randomBytes(16).toString("hex")}`);
    response.setHeader("openai-version", "2020-10-01");
    response.setHeader("openai-organization", "simulated");
    response.setHeader("openai-processing-ms", "1");
    response.setHeader("x-ratelimit-limit-requests", "10000");
    response.setHeader("x-ratelimit-remaining-requests", "9999");
    response.setHeader("set-cookie", "simulated=1; path=/; HttpOnly");
    try {
      const body = await readBody(request);
      if (options.inspect === true) {
        see({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      }
      checkCredential(request, options.credential);
      await route(exchange, new URL(request.url ?? "/", "http://simulated"), body);
    } catch (thrown) {
      if (left.signal.aborted) return;
      const error = thrown instanceof ApiError ? thrown : new ApiError(500, "The simulator failed.");
      if (error !== thrown) options.log?.({ name: "simulator_failed" });
      if (response.headersSent) response.destroy();
      else sendJson(exchange, error.status, error.body, error.headers);
    }
  }

  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) => {
    void serve(request, response);
  });

  const sockets = serveSockets(
    server,
    new Map([
      [
        "/v1/responses",
        (socket) => serveResponsesSocket(socket, responses.stream, () => makeId("steer_", nextNonce())),
      ],
    ]),
    (request) => checkCredential(request, options.credential),
    (request, body) => {
      if (options.inspect === true)
        see({ method: "WS", url: request.url ?? "", headers: request.headers, body });
    },
  );

  return {
    async listen(port, host) {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, resolve);
      });
      const address = server.address();
      const at = typeof address === "object" && address !== null ? address.port : port;
      return { url: `http://${host.includes(":") ? `[${host}]` : host}:${at}/v1` };
    },
    async close() {
      if (!server.listening) return;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        sockets.close();
      });
    },
    requests: () => [...seen],
  };
}

function parseBody(bytes: Buffer): JsonObject {
  const value: Json | undefined = parseText(bytes.toString("utf8"));
  if (isObject(value)) return value;
  throw new ApiError(400, "We could not parse the JSON body of your request.");
}

function checkCredential(request: IncomingMessage, credential: string | undefined): void {
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) {
    throw new ApiError(401, "You didn't provide an API key.", { type: "invalid_request_error" });
  }
  if (credential === undefined) return;
  const wanted = Buffer.from(credential);
  const bytes = Buffer.from(given);
  if (wanted.length === bytes.length && timingSafeEqual(wanted, bytes)) return;
  throw new ApiError(401, "Incorrect API key provided.", { code: "invalid_api_key" });
}

function sendModels(exchange: Exchange, id: string): void {
  const toModel = (name: string): JsonObject => ({
    id: name,
    object: "model",
    created: 1_700_000_000,
    owned_by: "simulated",
  });
  if (id === "") return sendJson(exchange, 200, { object: "list", data: MODELS.map(toModel) });
  if (!isModel(id))
    throw new ApiError(404, "The requested model does not exist.", {
      param: "model",
      code: "model_not_found",
    });
  return sendJson(exchange, 200, toModel(id));
}
