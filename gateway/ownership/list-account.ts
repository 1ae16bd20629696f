// Lists what a provider's account holds, kind by kind, as the operations that list whole accounts give it.
import { GatewayError } from "../errors.ts";
import type { Json } from "../exchange.ts";
import type { Target } from "../forward/target.ts";
import { isList, isObject } from "../parse/pointer.ts";
import { toTunedModel } from "../parse/tuned.ts";
import { listRoutes } from "../routes.ts";

const PAGE = 100;
const MOST_BYTES = 64 * 1024 * 1024;
/** The header `openai-beta` that some resources ask for, by the beginning of their paths. */
const BETAS: readonly (readonly [string, string])[] = [
  ["/assistants", "assistants=v2"],
  ["/vector_stores", "assistants=v2"],
  ["/agents", "agents=v1"],
  ["/vaults", "agents=v1"],
  ["/chatkit", "chatkit_beta=v1"],
];

/** A page of one kind; `status` is the target's answer where it gave no list, else null. */
export type AccountPage = {
  readonly kind: string;
  readonly ids: readonly string[];
  readonly status: number | null;
};

/** Gives the kinds of objects that can be listed. */
export function listKinds(): readonly string[] {
  return listRoutes().flatMap(({ lists }) => lists ?? []);
}

/** Gives the account's objects of these kinds, page by page. Throws what the target's failure is. */
export async function* listAccount(
  target: Pick<Target, "send">,
  credential: string | null,
  kinds: readonly string[],
): AsyncGenerator<AccountPage> {
  for (const { lists: kind, template } of listRoutes()) {
    if (kind === null || !kinds.includes(kind)) continue;
    const beta = BETAS.find(([prefix]) => template.startsWith(prefix))?.[1];
    const headers = [
      "accept-encoding",
      "identity",
      ...(credential === null ? [] : ["authorization", `Bearer ${credential}`]),
      ...(beta === undefined ? [] : ["openai-beta", beta]),
    ];
    let after: string | null = null;
    for (;;) {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after !== null && { after }) });
      // The list of models has one page, most of which is nobody's.
      const isModels = kind === "fine_tuned_model";
      const path = isModels ? template : `${template}?${query.toString()}`;
      const { status, bytes } = await read(target, path, headers);
      if (status !== 200) {
        yield { kind, ids: [], status };
        break;
      }
      const { ids: all, hasMore } = readPage(bytes);
      const ids = isModels ? all.filter((id) => toTunedModel(id) === id) : all;
      yield { kind, ids, status: null };
      if (isModels) break;
      const last = ids.at(-1) ?? null;
      if (!hasMore || last === null || last === after) break;
      after = last;
    }
  }
}

function read(
  target: Pick<Target, "send">,
  path: string,
  headers: string[],
): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let size = 0;
    const call = target.send(
      { method: "GET", path, headers, body: null },
      {
        onHead(given) {
          status = given;
        },
        onData(chunk) {
          size += chunk.length;
          chunks.push(chunk);
          if (size <= MOST_BYTES) return;
          call.abort();
          reject(new GatewayError("answer_unreadable", "The target's list is over the limit of bytes."));
        },
        onEnd: () => resolve({ status, bytes: Buffer.concat(chunks) }),
        onError: reject,
      },
    );
  });
}

function readPage(bytes: Buffer): { readonly ids: readonly string[]; readonly hasMore: boolean } {
  let page: Json;
  try {
    page = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new GatewayError("answer_unreadable", "The target's list is not JSON.", { cause });
  }
  const data = isObject(page) ? page["data"] : undefined;
  if (!isObject(page) || !isList(data))
    throw new GatewayError("answer_unreadable", "The target's list has another shape than lists have.");
  const ids = data.flatMap((one) => (isObject(one) && typeof one["id"] === "string" ? [one["id"]] : []));
  const more = page["has_more"];
  return { ids, hasMore: typeof more === "boolean" ? more : data.length >= PAGE };
}
