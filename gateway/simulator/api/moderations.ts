// Serves moderations: a category is flagged where the text names it, as in "hate" or "self-harm".
import type { Json, JsonObject } from "../../exchange.ts";
import { jsonOf, missing } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { makeId } from "../ids.ts";
import { isList, isObject, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";

const TEXT_ONLY = [
  "hate",
  "hate/threatening",
  "harassment",
  "harassment/threatening",
  "illicit",
  "illicit/violent",
  "sexual/minors",
];
const CATEGORIES = [
  ...TEXT_ONLY,
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "violence",
  "violence/graphic",
];

/** Gives the handler of `/v1/moderations`. */
export function moderationRoutes(deps: ApiDeps): readonly RouteEntry[] {
  return [
    [
      "POST",
      "/moderations",
      (call) => {
        const body = jsonOf(call);
        sendJson(call.exchange, 200, {
          id: makeId("modr-", deps.nextNonce()),
          model: stringAt(body, "model") ?? "omni-moderation-latest",
          results: readModerated(body["input"]).map(toResult),
        });
      },
    ],
  ];
}

type Moderated = { readonly text: string; readonly hasImage: boolean };

/** A list of strings is as many inputs, a list of parts is one. */
function readModerated(input: Json | undefined): readonly Moderated[] {
  if (input === undefined || input === null) throw missing("input");
  if (typeof input === "string") return [{ text: input, hasImage: false }];
  if (!isList(input)) throw missing("input");
  const parts = input.filter(isObject);
  if (parts.length === 0) {
    return input.map((text) => ({ text: typeof text === "string" ? text : "", hasImage: false }));
  }
  return [
    {
      text: parts.map((part) => stringAt(part, "text") ?? "").join("\n"),
      hasImage: parts.some((part) => part["type"] === "image_url"),
    },
  ];
}

function toResult({ text, hasImage }: Moderated): JsonObject {
  const lower = text.toLowerCase();
  const named = new Set(
    CATEGORIES.filter((category) => {
      const [area = "", kind] = category.split("/");
      return lower.includes(area) && (kind === undefined || lower.includes(kind));
    }),
  );
  const each = (value: (category: string) => Json): JsonObject =>
    Object.fromEntries(CATEGORIES.map((category) => [category, value(category)]));
  return {
    flagged: named.size > 0,
    categories: each((category) => named.has(category)),
    category_scores: each((category) => (named.has(category) ? 0.98 : 0.0001)),
    category_applied_input_types: each((category) => [
      "text",
      ...(hasImage && !TEXT_ONLY.includes(category) ? ["image"] : []),
    ]),
  };
}
