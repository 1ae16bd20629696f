// Keeps a gateway busy with answers of every kind, and notes what each program saw of them.
import { createSseParser } from "../../gateway/parse/sse.ts";

/** What one program saw of one answer. */
export type Sight = {
  /** The program's name for its request: it stands in the body and names the session. */
  readonly name: string;
  /** Null where no head arrived. */
  readonly exchangeId: string | null;
  readonly isWhole: boolean;
  /** Ids of the tool calls of which anything arrived. */
  readonly calls: readonly string[];
};

const CALLS = 'call run_sql {"query":"SELECT 1"}\ncall run_sql {"query":"DROP DATABASE production"}';
const SCRIPT = `pace 1ms\nstream 20\n${CALLS}`;
const KINDS = [
  { path: "/responses", stream: true },
  { path: "/chat/completions", stream: true },
  { path: "/responses", stream: false },
  { path: "/chat/completions", stream: false },
] as const;
const parameters = { type: "object", properties: { query: { type: "string" } } };

type Kind = (typeof KINDS)[number];

/** Sends from several programs at once until `isOver`, each waiting for its answer; gives what they saw. */
export async function sendLoad(options: {
  readonly baseUrl: string;
  readonly key: string;
  readonly programs: number;
  readonly isOver: (seen: readonly Sight[]) => boolean;
}): Promise<readonly Sight[]> {
  const seen: Sight[] = [];
  let count = 0;
  const program = async (): Promise<void> => {
    while (!options.isOver(seen)) {
      const kind = KINDS[count % KINDS.length] ?? KINDS[0];
      count += 1;
      seen.push(await send(options, `load-${count}`, kind));
    }
  };
  await Promise.all(Array.from({ length: options.programs }, program));
  return seen;
}

async function send(
  { baseUrl, key }: { readonly baseUrl: string; readonly key: string },
  name: string,
  kind: Kind,
): Promise<Sight> {
  let exchangeId: string | null = null;
  let text = "";
  let isEnded = false;
  try {
    const answer = await fetch(baseUrl + kind.path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "x-tollgate-session": name,
      },
      body: JSON.stringify(toBody(name, kind)),
    });
    exchangeId = answer.headers.get("x-tollgate-exchange-id");
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
    isEnded = answer.status === 200;
  } catch {
    // The gateway was killed: what had arrived counts.
  }
  const calls = [...new Set(text.match(/(?<=")call_[0-9a-f]{16,}(?=")/g))];
  return { name, exchangeId, isWhole: isEnded && (!kind.stream || hasTerminalEvent(text)), calls };
}

function toBody(name: string, { path, stream }: Kind): object {
  const shared = { model: "gpt-4.1", stream, metadata: { name } };
  return path === "/responses"
    ? { ...shared, input: SCRIPT, tools: [{ type: "function", name: "run_sql", strict: false, parameters }] }
    : {
        ...shared,
        messages: [{ role: "user", content: SCRIPT }],
        tools: [{ type: "function", function: { name: "run_sql", parameters } }],
      };
}

function hasTerminalEvent(text: string): boolean {
  const frames = createSseParser({ eventBytes: 1 << 24 }).push(Buffer.from(text));
  return frames.some(({ event, data }) => event === "response.completed" || data === "[DONE]");
}
