// A target that keeps files for its whole account, in the order in which they were made: what a list of the API is.
import { createServer } from "node:http";

export type AccountTarget = {
  readonly url: string;
  /** Queries of the lists that were asked for. */
  readonly listed: string[];
  /** Adds an object to the account and gives its id. */
  add(): string;
  /** Forgets what was listed; `broken` fails all lists from the second page on. */
  reset(broken?: boolean): void;
  close(): Promise<void>;
};

function byId(wanted: string): (stored: Stored) => boolean {
  return ({ id }) => id === wanted;
}

type Stored = { readonly id: string; readonly object: string };

/** Starts it. It makes vector stores, lists and retrieves them, and pages as the API does. */
export async function startAccountTarget(): Promise<AccountTarget> {
  const stored: Stored[] = [];
  const listed: string[] = [];
  let isBroken = false;
  const add = (): string => {
    const id = `vs_${String(stored.length + 1).padStart(5, "0")}`;
    stored.push({ id, object: "vector_store" });
    return id;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://target");
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json", "x-request-id": "req_1" });
      response.end(JSON.stringify(body));
    };
    request.resume();
    if (request.method === "POST" && url.pathname === "/v1/vector_stores")
      return send(200, stored.find(byId(add())));
    const one = stored.find(byId(url.pathname.replace("/v1/vector_stores/", "")));
    if (url.pathname !== "/v1/vector_stores")
      return one === undefined
        ? send(404, { error: { message: "Not found.", type: "invalid_request_error" } })
        : send(200, one);
    listed.push(url.search);
    const limit = Number(url.searchParams.get("limit") ?? 20);
    if (!(limit >= 1 && limit <= 100))
      return send(400, {
        error: { message: "limit", type: "invalid_request_error", param: "limit", code: null },
      });
    if (isBroken && listed.length > 1) return send(500, { error: { message: "down", type: "server_error" } });
    const all = url.searchParams.get("order") === "asc" ? stored : stored.toReversed();
    const place = (name: string): number => all.findIndex(({ id }) => id === url.searchParams.get(name));
    const before = url.searchParams.has("before") ? place("before") : all.length;
    const isBackward = url.searchParams.has("before") && !url.searchParams.has("after");
    const from = isBackward ? Math.max(0, before - limit) : place("after") + 1;
    const data = all.slice(from, Math.min(before, from + limit));
    const hasMore = isBackward ? from > 0 : from + limit < before;
    return send(200, {
      object: "list",
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: hasMore,
      total_count: stored.length,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    listed,
    add,
    reset(broken = false) {
      listed.length = 0;
      isBroken = broken;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
