// The bytes that the mock target answers with: one response, whole and as a stream of 200 text events.

/** An answer with places for an id, so that no two answers are of the same object. */
export type Answer = {
  readonly bytes: readonly Buffer[];
  readonly places: readonly { readonly piece: number; readonly offset: number }[];
};

const ID = `resp_${"0".repeat(48)}`;
const EVENTS = 200;

/** The number of digits that are written at each place. */
export const ID_DIGITS = 12;

/** Makes the whole answer, about 1.5 KB. */
export function wholeAnswer(): Answer {
  const text = "The weather in Paris is sunny, with a light wind from the west. ".repeat(8);
  return withPlaces([Buffer.from(JSON.stringify(response("completed", text)))]);
}

/** Makes the streamed answer: 200 deltas among the events that begin and end it, one piece per event. */
export function streamedAnswer(): Answer {
  const events: { readonly type: string }[] = [];
  const emit = (type: string, fields: object): void => {
    events.push(Object.assign({ type, sequence_number: events.length }, fields));
  };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const words = Array.from({ length: EVENTS }, (_, index) => ` word${index}`);
  const text = words.join("");
  const part = { type: "output_text", annotations: [], logprobs: [] };
  emit("response.created", { response: response("in_progress", null) });
  emit("response.in_progress", { response: response("in_progress", null) });
  emit("response.output_item.added", {
    output_index: 0,
    item: { ...message(""), status: "in_progress", content: [] },
  });
  emit("response.content_part.added", { ...at, part: { ...part, text: "" } });
  for (const delta of words)
    emit("response.output_text.delta", { ...at, delta, logprobs: [], obfuscation: "abcdefgh" });
  emit("response.output_text.done", { ...at, text, logprobs: [] });
  emit("response.content_part.done", { ...at, part: { ...part, text } });
  emit("response.output_item.done", { output_index: 0, item: message(text) });
  emit("response.completed", { response: response("completed", text) });
  return withPlaces(
    events.map((event) => Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)),
  );
}

function message(text: string): object {
  const content = [{ type: "output_text", annotations: [], logprobs: [], text }];
  return { id: "msg_1", type: "message", status: "completed", role: "assistant", content };
}

function response(status: string, text: string | null): object {
  return {
    id: ID,
    object: "response",
    created_at: 1_700_000_000,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: "gpt-4.1",
    output: text === null ? [] : [message(text)],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage:
      text === null
        ? null
        : {
            input_tokens: 250,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 220,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 470,
          },
    user: null,
    metadata: {},
  };
}

function withPlaces(bytes: readonly Buffer[]): Answer {
  const places = bytes.flatMap((buffer, piece) => {
    const found = buffer.indexOf(ID);
    return found === -1 ? [] : [{ piece, offset: found + ID.length - ID_DIGITS }];
  });
  return { bytes, places };
}
