// The yardstick: the least that a Node proxy can do, node:http in front of undici, reading nothing.
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { Pool } from "undici";
import { announce } from "./announce.ts";

const pool = new Pool(process.argv[2] ?? "", { connections: 256, headersTimeout: 0, bodyTimeout: 0 });

const server = createServer((request, response) => {
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const left = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) left.abort();
  });
  pool
    .stream<ServerResponse>(
      {
        path: request.url ?? "/",
        method: request.method === "GET" ? "GET" : "POST",
        headers,
        body: request.method === "GET" ? null : request,
        opaque: response,
        signal: left.signal,
      },
      ({ statusCode, headers: answered, opaque }) => {
        opaque?.writeHead(statusCode, answered);
        return opaque ?? response;
      },
    )
    .catch(() => response.destroy());
});
announce(server);
