// Makes the corpus that the detectors are measured on: texts with values in them, and texts with none that look alike.
// No secret stands in the repository: each is put together from its row's shape, by a seed.
import { TABLES } from "../../gateway/detect/values/tables.ts";
import { createRandom, sampleShape, type Random } from "./shape-sample.ts";

/** A text with what must be found in it; offsets are UTF-16 units. */
export type CorpusRecord = {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly { readonly start: number; readonly end: number; readonly type: string }[];
  readonly kind: "pos" | "neg" | "encoded";
  readonly tier: "structured" | "contextual" | null;
  readonly variant: string | null;
  readonly complete: boolean;
};

/** So many texts for each type of value. */
const POSITIVES = 30;
const NEGATIVES = 333;

/** Where a value stands: `@` takes its place. */
const FRAMES = [
  "@",
  "it is @",
  "it is @, thanks.",
  '{"value":"@"}',
  "value: '@'",
  "<td>@</td>",
  "| a | @ | b |",
  "first line\n@\nlast line",
  "(@)",
  "value=@;next=1",
  "curl -d '@' https://api.example.com/v1",
  "2026-03-01T10:00:00Z INFO got @ from the form",
];

/** Makes the corpus; equal seeds give equal texts. */
export function createCorpus(seed = 1): CorpusRecord[] {
  const random = createRandom(seed);
  return [
    ...makeTokens(random),
    ...makeNamed(random),
    ...makeInContext(random),
    ...makeNumbers(random),
    ...makeCoins(random),
    ...makeEncoded(random),
    ...makeNegatives(random),
  ];
}

function pick<T>(list: readonly T[], random: Random): T {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined) throw new Error("Nothing to pick from.");
  return one;
}

function put(
  value: string,
  before: string,
  frame: string,
  names: { readonly id: string; readonly type: string; readonly tier: "structured" | "contextual" },
): CorpusRecord {
  const at = frame.indexOf("@");
  const text = `${frame.slice(0, at)}${before}${value}${frame.slice(at + 1)}`;
  const start = at + before.length;
  const { id, type, tier } = names;
  return {
    id,
    text,
    spans: [{ start, end: start + value.length, type }],
    kind: "pos",
    tier,
    variant: null,
    complete: true,
  };
}

function makeTokens(random: Random): CorpusRecord[] {
  return TABLES.tokens.flatMap(({ id, shapes }) =>
    Array.from({ length: POSITIVES }, (_, k) => {
      const value = sampleShape(pick(shapes, random), random);
      return put(value, "", pick(FRAMES, random), {
        id: `${id}-${k}`,
        type: `secret:${id}`,
        tier: "structured",
      });
    }),
  );
}

const ASSIGNMENTS = ["=", ": ", '": "', " = '", '="', " is "];
const ALPHABET = "[A-Za-z0-9]{24,40}";

function makeNamed(random: Random): CorpusRecord[] {
  return TABLES.named
    .filter(({ id }) => id.startsWith("generic"))
    .flatMap(({ id, names }) =>
      Array.from({ length: POSITIVES }, (_, k) => {
        const value = sampleShape(ALPHABET, random);
        const before = `${pick(names, random)}${pick(ASSIGNMENTS, random)}`;
        return put(value, before, "conf:\n@\n", {
          id: `${id}-${k}`,
          type: `secret:${id}`,
          tier: "contextual",
        });
      }),
    );
}

/** Where a secret stands without an operator: `@` takes its place. */
const CONTEXTS = [
  "curl -u admin:@ https://api.example.com/",
  "curl --user 'admin:@' https://api.example.com/",
  '["curl","-u","admin:@"]',
  "env:\n  - name: DB_PASSWORD\n    value: @\n",
  '{"name":"DB_PASSWORD","value":"@"}',
  "send Bearer @ with it",
  'password = "@ pw;\'x"',
];

function makeInContext(random: Random): CorpusRecord[] {
  return CONTEXTS.flatMap((frame, at) =>
    Array.from({ length: POSITIVES }, (_, k) =>
      put(sampleShape(ALPHABET, random), "", frame, {
        id: `context-${at}-${k}`,
        type: "context",
        tier: "contextual",
      }),
    ),
  );
}

function makeNumbers(random: Random): CorpusRecord[] {
  return TABLES.numbers.flatMap(({ id, examples, words, evidence }) =>
    Array.from({ length: POSITIVES }, (_, k) => {
      const before = evidence === "alone" ? "" : `${pick(words, random)} `;
      const names = { id: `${id}-${k}`, type: `number:${id}`, tier: "structured" } as const;
      return put(pick(examples, random), before, pick(FRAMES, random), names);
    }),
  );
}

function makeCoins(random: Random): CorpusRecord[] {
  return TABLES.coins.flatMap(({ id, examples, words }) =>
    Array.from({ length: POSITIVES }, (_, k) => {
      const before = words === undefined ? "" : `${pick(words, random)} `;
      const names = { id: `${id}-${k}`, type: `coin:${id}`, tier: "structured" } as const;
      return put(pick(examples, random), before, pick(FRAMES, random), names);
    }),
  );
}

/** Ways in which the same text is written. */
const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  json_escapes: (value) =>
    value.replaceAll(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  json_punctuation: (value) =>
    value.replaceAll(/[^A-Za-z0-9]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  percent: (value) =>
    value.replaceAll(
      /[^A-Za-z0-9]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    ),
  html: (value) => value.replaceAll(/[^A-Za-z0-9]/g, (c) => `&#${c.charCodeAt(0)};`),
  full_width: (value) => value.replaceAll(/\d/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  // Found only where a budget is given.
  base64: (value) => Buffer.from(value).toString("base64"),
  hex: (value) => Buffer.from(value).toString("hex"),
  zero_width: (value) => `${value.slice(0, 7)}\u200b${value.slice(7)}`,
};

function makeEncoded(random: Random): CorpusRecord[] {
  const common = TABLES.tokens.filter(({ id }) => /^(?:github|openai|aws|slack|stripe|npm|gitlab)/.test(id));
  return Object.entries(ENCODINGS).flatMap(([variant, encode]) =>
    Array.from({ length: POSITIVES }, (_, k): CorpusRecord => {
      const row = pick(common, random);
      const value = encode(sampleShape(pick(row.shapes, random), random, "least"));
      const made = put(value, "", '{"arguments":"value @ end"}', {
        id: `${variant}-${k}`,
        type: `secret:${row.id}`,
        tier: "structured",
      });
      return { ...made, kind: "encoded", variant };
    }),
  );
}

const HEX = "[0-9a-f]{40}";
const NOTHINGS: readonly ((random: Random) => string)[] = [
  (random) => `commit ${sampleShape(HEX, random)}\nAuthor: bot\n`,
  (random) =>
    `request_id=${sampleShape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", random)}`,
  (random) => `"integrity": "sha512-${sampleShape("[A-Za-z0-9+/]{86}", random)}=="`,
  (random) => `<img src="data:image/png;base64,iVBORw0KGgo${sampleShape("[A-Za-z0-9+/]{200}", random)}">`,
  (random) =>
    `{"id":"resp_${sampleShape("[0-9a-f]{48}", random)}","call_id":"call_${sampleShape("[A-Za-z0-9]{24}", random)}"}`,
  (random) => `epoch ${1_700_000_000_000 + Math.floor(random() * 1e11)} ms`,
  (random) => `order #${100_000 + Math.floor(random() * 900_000)} of ${1 + Math.floor(random() * 99)}`,
  (random) => `version ${Math.floor(random() * 9)}.${Math.floor(random() * 99)}.${Math.floor(random() * 99)}`,
  () => "password: <your password here>",
  () => "api_key = os.environ['API_KEY']",
  () => "const token = await getToken(user);",
  () => "The password is required, and the token has expired.",
  () => "max_tokens: 4096, token_count = 1234",
  () => "git clone git@github.com:a/b.git; open icon@2x.png",
  (random) => `took ${(random() * 1e6).toFixed(6)} s at 12:30:45`,
  (random) =>
    `trace_id=${sampleShape("[0-9a-f]{32}", random)} span_id=${sampleShape("[0-9a-f]{16}", random)}`,
];

function makeNegatives(random: Random): CorpusRecord[] {
  return Array.from({ length: NEGATIVES }, (_, k) => {
    const text = NOTHINGS[k % NOTHINGS.length]?.(random) ?? "";
    return { id: `none-${k}`, text, spans: [], kind: "neg", tier: null, variant: null, complete: true };
  });
}
