// Keeps the provider's credential from a program whose target repeats what it was sent, as echoes and error pages do.
import { GatewayError } from "../errors.ts";
import type { TargetAnswer } from "./target.ts";

/** What is shorter is a placeholder, such as local servers take, and may be a word of any answer. */
const SHORTEST = 16;
const NOTHING = Buffer.alloc(0);

/** Gives the bytes to look for; null where there are none. */
export function toSecret(credential: string | null): Buffer | null {
  return credential === null || credential.length < SHORTEST ? null : Buffer.from(credential);
}

/** Makes the error of an answer, or a message, that holds the credential. */
export function toRepeated(): GatewayError {
  return new GatewayError("answer_unreadable", "The target repeated the gateway's credential.");
}

/** Hands over an answer as long as neither its head nor its bytes hold the credential. */
export function guardCredential(answer: TargetAnswer, credential: string | null): TargetAnswer {
  const found = toSecret(credential);
  if (found === null) return answer;
  const secret: Buffer = found;
  const most = secret.length - 1;
  /** The end of what came before, in which the credential may begin. */
  let tail: Buffer = NOTHING;
  let isOver = false;

  function stop(): void {
    isOver = true;
    answer.onError(toRepeated());
  }

  function holds(chunk: Buffer): boolean {
    if (chunk.includes(secret)) return true;
    const seam = tail.length === 0 ? chunk : Buffer.concat([tail, chunk.subarray(0, most)]);
    const isSplit = tail.length > 0 && seam.includes(secret);
    tail = (chunk.length >= most ? chunk : seam).subarray(-most);
    return isSplit;
  }

  return {
    onHead(status, headers) {
      const text = secret.toString("utf8");
      if (Object.values(headers).some((value) => String(value).includes(text))) stop();
      else answer.onHead(status, headers);
    },
    onData(chunk) {
      if (isOver) return;
      if (holds(chunk)) stop();
      else answer.onData(chunk);
    },
    onEnd() {
      if (!isOver) answer.onEnd();
    },
    onError(error) {
      if (!isOver) answer.onError(error);
    },
  };
}
