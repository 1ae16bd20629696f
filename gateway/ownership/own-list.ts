// Answers a list of the whole account with the caller's own objects: pages of the target are read until there are enough.
import { isUtf8 } from "node:buffer";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Caller, Connection, Effect, Json, JsonObject } from "../exchange.ts";
import type { Target, TargetAnswer, TargetCall, TargetRequest } from "../forward/target.ts";
import { isShared } from "./ownership.ts";
import { findObjects } from "../parse/other-answer.ts";
import { isList, isObject } from "../parse/pointer.ts";
import { toTunedModel } from "../parse/tuned.ts";
import { isSame } from "../record/ledger.ts";
import type { Ledger } from "../record/ledger.ts";
import type { OwnedObject } from "../record/recorder.ts";

/** So many pages are read for one answer, and so many objects are asked for with each. */
const MOST_PAGES = 50;
const PAGE = 100;
const FILES_PAGE = 1000;
/** Models stand in one list, those that everybody knows and those that somebody's job has made. */
const MODEL = "fine_tuned_model";
/** Objects in an answer whose caller does not say how many. */
const USUAL = 20;
const USUAL_FILES = 10_000;

export type ListDeps = {
  readonly target: Pick<Target, "send">;
  readonly ledger: Pick<Ledger, "owners">;
  readonly caller: Caller;
  readonly connection: Connection;
  /** The kind of the objects in the list. */
  readonly kind: string;
  readonly shares: readonly Effect[];
  /** Bytes of all pages of the target together. */
  readonly bytes: number;
  /** Gives what an object of the caller's has brought about to the caller. */
  readonly own: (objects: readonly OwnedObject[]) => void;
};

type Head = { readonly status: number; readonly headers: Parameters<TargetAnswer["onHead"]>[1] };
type Page = Head & { readonly bytes: Buffer };

/**
 * Sends the request as often as it takes. `path` has no query: that is `query`. Hands over one answer, in which nothing
 * tells of objects that the caller may not see; what the target refuses is handed over as it came.
 */
export function sendList(
  deps: ListDeps,
  request: Omit<TargetRequest, "body">,
  query: string,
  answer: TargetAnswer,
): TargetCall {
  let current: TargetCall | null = null;
  let over = false;
  let left = deps.bytes;

  function read(path: string): Promise<Page> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let head: Head = { status: 502, headers: {} };
      const call = deps.target.send(
        { ...request, path, body: null },
        {
          onHead(status, headers) {
            head = { status, headers };
          },
          onData(chunk) {
            left -= chunk.length;
            chunks.push(chunk);
            if (left >= 0) return;
            call.abort();
            reject(new GatewayError("list_too_long", "The target's list is over the limit of bytes."));
          },
          onEnd: () => resolve({ ...head, bytes: Buffer.concat(chunks) }),
          onError: reject,
        },
      );
      current = call;
      if (over) call.abort();
    });
  }

  async function run(): Promise<void> {
    const asked = readAsked(query, deps.kind);
    const found: JsonObject[] = [];
    let cursor = asked.cursor;
    for (let count = 0; !over; count += 1) {
      const asking = toQuery(asked, cursor);
      const page = await read(asking === "" ? request.path : `${request.path}?${asking}`);
      const body = page.status === 200 ? toBody(page) : null;
      // What is no list is for the answer's reader to refuse or to pass on.
      if (body === null) return hand(page, page.bytes);
      const data = body["data"];
      if (!isList(data)) throw unreadable();
      const visible = await pick(data);
      if (asked.isBackward) found.unshift(...visible);
      else found.push(...visible);
      const next = toText(data[asked.isBackward ? 0 : data.length - 1]);
      const isEnd =
        next === null ||
        next === cursor ||
        (typeof body["has_more"] === "boolean" ? !body["has_more"] : data.length < asked.page);
      if (isEnd || found.length > asked.limit || (count + 1 >= MOST_PAGES && found.length > 0)) {
        const hasMore = !isEnd || found.length > asked.limit;
        return hand(page, toAnswer(body, cut(found, asked), hasMore));
      }
      if (count + 1 >= MOST_PAGES)
        // An empty page would end the listing of either SDK.
        throw new GatewayError(
          "list_too_long",
          "The target's list goes on for longer than it is searched for objects of yours.",
        );
      cursor = next;
    }
  }

  async function pick(data: readonly Json[]): Promise<readonly JsonObject[]> {
    const { ledger, connection, caller, kind, shares } = deps;
    const named = data.flatMap((one) => {
      const id = toText(one);
      return isObject(one) && id !== null ? [{ one, id: toOwnedId(kind, id) }] : [];
    });
    const ids = named.flatMap(({ id }) => id ?? []);
    const owners = await ledger.owners(
      connection.name,
      ids.map((id) => ({ kind, id })),
    );
    const ownerOf = new Map(ids.map((id, index) => [id, owners[index] ?? null]));
    return named.flatMap(({ one, id }) => {
      if (id === null) return [one];
      const owner = ownerOf.get(id) ?? null;
      if (owner === null) return connection.unknownIds === "allow" ? [one] : [];
      if (isSame(owner, caller)) {
        deps.own(findObjects(one));
        return [one];
      }
      return isShared(shares, kind, owner, caller, null) ? [one] : [];
    });
  }

  function hand({ status, headers }: Head, bytes: Buffer): void {
    if (over) return;
    over = true;
    answer.onHead(status, headers);
    answer.onData(bytes);
    answer.onEnd();
  }

  run().catch((thrown: unknown) => {
    if (over) return;
    over = true;
    answer.onError(toGatewayError(thrown));
  });
  return {
    // Pages are bounded and read whole: nothing of them waits for the caller.
    pause: () => undefined,
    resume: () => undefined,
    abort() {
      over = true;
      current?.abort();
    },
  };
}

/** Gives the id that an object's owner is known by; null for a model that everybody knows. */
function toOwnedId(kind: string, id: string): string | null {
  return kind === MODEL ? toTunedModel(id) : id;
}

type Asked = {
  readonly limit: number;
  /** How many are asked for with each page. */
  readonly page: number;
  readonly cursor: string | null;
  readonly isBackward: boolean;
  /** All parameters but the limit and the cursor that moves. */
  readonly others: readonly (readonly [string, string])[];
};

function readAsked(query: string, kind: string): Asked {
  const all = [...new URLSearchParams(query)];
  // The list of models has one page.
  const whole = Number.POSITIVE_INFINITY;
  if (kind === MODEL) return { limit: whole, page: whole, cursor: null, isBackward: false, others: all };
  const get = (name: string): string | null => all.find(([key]) => key === name)?.[1] ?? null;
  const most = kind === "file" ? USUAL_FILES : PAGE;
  const limit = get("limit");
  const isCount = limit !== null && /^[1-9]\d{0,4}$/.test(limit) && Number(limit) <= most;
  const isBackward = get("before") !== null && get("after") === null;
  const moving = isBackward ? "before" : "after";
  // A limit that the target would refuse, it refuses.
  const isOdd = limit !== null && !isCount;
  return {
    limit: isCount ? Number(limit) : kind === "file" ? USUAL_FILES : USUAL,
    page: kind === "file" ? FILES_PAGE : PAGE,
    cursor: get(moving),
    isBackward,
    others: all.filter(([key]) => key !== moving && (key !== "limit" || isOdd)),
  };
}

function toQuery({ others, page, isBackward }: Asked, cursor: string | null): string {
  const query = new URLSearchParams(others.map(([key, value]): [string, string] => [key, value]));
  if (!query.has("limit") && Number.isFinite(page)) query.set("limit", String(page));
  if (cursor !== null) query.set(isBackward ? "before" : "after", cursor);
  return query.toString();
}

/** Cuts to what was asked for: those next to the cursor. */
function cut(found: readonly JsonObject[], { limit, isBackward }: Asked): readonly JsonObject[] {
  return isBackward ? found.slice(-limit) : found.slice(0, limit);
}

function toAnswer(body: JsonObject, data: readonly JsonObject[], hasMore: boolean): Buffer {
  // Of the page nothing else is kept: a count, or another way to the next page, would tell of objects of others.
  const page = {
    ...("object" in body && { object: body["object"] }),
    data,
    ...("first_id" in body && { first_id: toText(data[0]) }),
    ...("last_id" in body && { last_id: toText(data.at(-1)) }),
    ...("has_more" in body && { has_more: hasMore }),
  };
  return Buffer.from(JSON.stringify(page));
}

function toBody({ bytes, headers }: Page): JsonObject | null {
  const type = headers["content-type"];
  if (typeof type !== "string" || !type.startsWith("application/json") || !isUtf8(bytes)) return null;
  let value: Json;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
  if (!isObject(value)) throw unreadable();
  return value;
}

function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's list has another shape than lists have.");
}

function toText(value: Json | undefined): string | null {
  const id = isObject(value) ? value["id"] : undefined;
  return typeof id === "string" ? id : null;
}
