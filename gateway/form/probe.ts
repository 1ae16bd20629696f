// Tells of bytes that come in pieces whether they are a text, and decodes them the same way later.

/** How a file's bytes are text: `lenient` is what is called text and has bytes that are none. */
export type TextEncodingName = "utf-8" | "utf-16le" | "utf-16be" | "lenient";

export type Probe = {
  push(bytes: Buffer): void;
  /** Gives the encoding; null for what is no text. `mayBeCut`: the bytes may begin and end inside a character. */
  end(): TextEncodingName | null;
};

const TEXT_TYPE =
  /^(?:text\/.*|application\/(?:json|jsonl|x-ndjson|xml|yaml|x-yaml|javascript|sql|x-sh|sdp)|.*\+(?:json|xml))$/i;
const TEXT_NAME =
  /\.(?:c|cc|cpp|cs|css|csv|go|h|html?|ini|java|jsx?|json|jsonl|log|md|ndjson|php|pl|py|rb|rs|rst|sdp|sh|sql|srt|svg|tex|toml|tsv|tsx?|txt|vtt|xml|ya?ml)$/i;

/** Tells whether a file is called text, by its media type or its name. */
export function isCalledText(type: string | null, filename: string | null): boolean {
  const media = type?.split(";", 1)[0]?.trim() ?? "";
  return TEXT_TYPE.test(media) || TEXT_NAME.test(filename ?? "");
}

/** Opens a probe. A piece of a longer file (`isPiece`) may begin and end inside a character. */
export function createProbe(calledText: boolean, isPiece: boolean): Probe {
  let encoding: "utf-8" | "utf-16le" | "utf-16be" | null = "utf-8";
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let head = Buffer.alloc(0);

  function decode(bytes: Buffer | null): void {
    if (encoding === null || decoder === null) return;
    try {
      const text = bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
      if (text.includes("\0")) encoding = null;
    } catch {
      // Bytes that are no text in this encoding.
      encoding = null;
    }
  }

  function begin(): void {
    const mark = head.length < 2 ? 0 : head.readUInt16BE(0);
    encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
    decoder = new TextDecoder(encoding, { fatal: true });
    decode(isPiece ? head.subarray(countContinuations(head)) : head);
  }

  return {
    push(bytes) {
      if (decoder !== null) {
        decode(bytes);
        return;
      }
      head = Buffer.concat([head, bytes]);
      if (head.length >= 4) begin();
    },
    end() {
      if (decoder === null) begin();
      if (!isPiece) decode(null);
      return encoding ?? (calledText ? "lenient" : null);
    },
  };
}

/** Bytes at the beginning that belong to a character that began before. */
function countContinuations(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}

/** Opens a decoder of what a probe has told: it never throws, and leaves no zeros between letters. */
export function createTextReader(encoding: TextEncodingName): {
  push(bytes: Buffer): string;
  end(): string;
} {
  const decoder = new TextDecoder(encoding === "lenient" ? "utf-8" : encoding);
  const clean = (text: string): string => (encoding === "lenient" ? text.replaceAll("\0", "") : text);
  return {
    push: (bytes) => clean(decoder.decode(bytes, { stream: true })),
    end: () => clean(decoder.decode()),
  };
}
