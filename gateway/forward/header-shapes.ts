// The shapes of the values in the headers that cross, either way: nobody searches a header, so nothing else crosses in one.

const VERSION = String.raw`v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[-.+]?(?:a|b|rc|alpha|beta|dev|post|next|canary)[-.]?\d{0,6}){0,2}`;
const SYSTEMS = "Linux|MacOS|Windows|FreeBSD|OpenBSD|iOS|Android|Unknown";
const RUNTIMES = "CPython|PyPy|GraalVM|node|bun|deno|edge|unknown|browser:(?:edge|ie|chrome|firefox|safari)";
const MEDIA = String.raw`(?:\*\/\*|application\/(?:json|binary|octet-stream|sdp|pdf)|text\/(?:event-stream|plain)|(?:audio|image|video)\/\*)`;
/** An HTTP-date (RFC 9110 §5.6.7), in the one form that is sent today. */
const DATE = String.raw`[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT`;
const SPAN = String.raw`(?:\d{1,15}-\d{0,15}|-\d{1,15})`;

const whole = (source: string): RegExp => new RegExp(`^(?:${source})$`);
const list = (one: string, most: number): RegExp => whole(`${one}(?:, ?${one}){0,${most - 1}}`);

const BETA = whole(String.raw`[a-z_]{1,40}=(?:v\d{1,3}|\d{4}-\d{2}-\d{2})`);
const MOST_BETAS = 32;

const SHAPES: ReadonlyMap<string, RegExp> = new Map([
  ["accept", list(MEDIA, 8)],
  // An etag is the target's own word, and as long as its hashes are.
  ["if-range", whole(String.raw`(?:W\/)?"[\w+/=.:-]{1,64}"|${DATE}`)],
  ["range", whole(`bytes=${SPAN}(?:, ?${SPAN}){0,7}`)],
  [
    "user-agent",
    whole(
      String.raw`(?:Async)?(?:Azure|Bedrock)?OpenAI\/(?:Python|JS) ${VERSION}|Agents\/(?:Python|JavaScript) ${VERSION}`,
    ),
  ],
  ["x-client-request-id", whole("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")],
  ["x-stainless-arch", whole("(?:other:)?(?:x32|x64|x86|ia32|arm|arm64|armv7l|ppc64|riscv64|s390x)|unknown")],
  ["x-stainless-async", whole("false|async:(?:asyncio|trio|curio|unknown|false)")],
  ["x-stainless-custom-event-handler", whole("true|false")],
  ["x-stainless-custom-poll-interval", whole(String.raw`\d{1,9}`)],
  ["x-stainless-helper-method", whole("stream|(?:beta.)?chat.completions.(?:stream|parse|runTools)")],
  ["x-stainless-lang", whole("python|js")],
  ["x-stainless-os", whole(SYSTEMS)],
  ["x-stainless-package-version", whole(VERSION)],
  ["x-stainless-poll-helper", whole("true")],
  ["x-stainless-raw-response", whole("true|stream|raw|false")],
  ["x-stainless-read-timeout", whole(String.raw`\d{1,9}(?:\.\d{1,6})?`)],
  ["x-stainless-retry-count", whole(String.raw`\d{1,4}`)],
  ["x-stainless-runtime", whole(RUNTIMES)],
  ["x-stainless-runtime-version", whole(`${VERSION}|unknown`)],
  [
    "x-stainless-stream-helper",
    whole("threads.runs.(?:create_and_stream|stream|submit_tool_outputs_stream)"),
  ],
  ["x-stainless-timeout", whole(String.raw`\d{1,9}(?:\.\d{1,6})?`)],
]);

/** Headers that go on otherwise than they came, whatever they say: as what was read, or bound to the caller. */
const REWRITTEN: ReadonlySet<string> = new Set(["content-type", "idempotency-key"]);

/** What parts an answer: letters and digits in which no number stands. */
const BOUNDARY = String.raw`; ?boundary="?(?!.*(?:\d{7}|\d-\d))[A-Za-z0-9'_=-]{1,70}"?`;

/** Gives what of a header's value an SDK would send; null where that is nothing. */
export function toCrossing(name: string, value: string): string | null {
  if (REWRITTEN.has(name)) return value;
  if (name === "openai-beta") return toBetas(value);
  return SHAPES.get(name)?.test(value) === true ? value : null;
}

/** One beta that nobody knows does not take the others with it. */
function toBetas(value: string): string | null {
  const betas = value.split(",", MOST_BETAS).map((beta) => beta.trim());
  const kept = betas.filter((beta) => BETA.test(beta));
  return kept.length === 0 ? null : kept.length === betas.length ? value : kept.join(",");
}

const NUMBER = String.raw`\d{1,9}(?:\.\d{1,6})?`;
/** `1s`, `6m0s`, `1h2m3.5s`, `20ms`. */
const DURATION = String.raw`(?:\d{1,6}(?:\.\d{1,9})?(?:ms|us|µs|ns|d|h|m|s)){1,4}`;
const RATE_LIMIT = /^x-ratelimit-[a-z]{1,32}(?:-[a-z]{1,32}){0,3}$/;

const RATES = whole(
  String.raw`${NUMBER}|${DURATION}|${DATE}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z`,
);

/** What the API's own answers say in the headers that go on to the program. */
const ANSWERED: ReadonlyMap<string, RegExp> = new Map([
  ["accept-ranges", whole("bytes|none")],
  ["content-length", whole(String.raw`\d{1,15}`)],
  ["content-range", whole(String.raw`bytes (?:\d{1,15}-\d{1,15}|\*)\/(?:\d{1,15}|\*)`)],
  [
    "content-type",
    whole(
      String.raw`(?:application|audio|font|image|message|model|multipart|text|video)\/[a-z][a-z.+-]{0,63}\d{0,3}(?:[a-z.+-]{1,32}\d{0,2})?(?:; ?charset="?[A-Za-z]{1,12}-?\d{0,4}(?:-\d{1,2})?"?|${BOUNDARY})?`,
    ),
  ],
  ["etag", whole(String.raw`(?:W\/)?"[\w+/=.:-]{1,64}"`)],
  ["last-modified", whole(DATE)],
  ["openai-poll-after-ms", whole(String.raw`\d{1,9}`)],
  ["openai-processing-ms", whole(NUMBER)],
  ["openai-version", whole(String.raw`\d{4}-\d{2}-\d{2}`)],
  ["retry-after", whole(`${NUMBER}|${DATE}`)],
  ["retry-after-ms", whole(NUMBER)],
  ["x-request-id", whole("req_[A-Za-z0-9]{1,64}|[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")],
  ["x-should-retry", whole("true|false")],
  ["x-tollgate-simulated", whole("true")],
]);

/** Says whether the value of a header of the target's is one that the API would send. */
export function isAnswered(name: string, value: string): boolean {
  if (RATE_LIMIT.test(name)) return RATES.test(value);
  // The name of a file is a text: it is searched.
  return name === "content-disposition" || ANSWERED.get(name)?.test(value) === true;
}
