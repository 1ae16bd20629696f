// Keeps the provider's credential from a program whose target repeats what it was sent, as echoes and error pages do.
import { GatewayError } from "../errors.ts";
import type { TargetAnswer } from "./target.ts";

/** What is shorter is a placeholder, such as local servers take, and may be a word of any answer. */
const SHORTEST = 16;
const NOTHING = Buffer.alloc(0);

/** Gives the bytes to look for, each once. */
export function toSecrets(credentials: readonly string[]): readonly Buffer[] {
  const long = credentials.filter((credential) => credential.length >= SHORTEST);
  return [...new Set(long)].map((credential) => Buffer.from(credential));
}

/** Says whether bytes hold one of the secrets. */
export function holdsSecret(bytes: Buffer, secrets: readonly Buffer[]): boolean {
  for (const secret of secrets) if (bytes.includes(secret)) return true;
  return false;
}

/** Makes the error of an answer, or a message, that holds the credential. */
export function toRepeated(): GatewayError {
  return new GatewayError("answer_unreadable", "The target repeated the gateway's credential.");
}

/** Hands over an answer as long as neither its head nor its bytes hold one of the secrets. */
export function guardCredential(answer: TargetAnswer, secrets: readonly Buffer[]): TargetAnswer {
  if (secrets.length === 0) return answer;
  const most = Math.max(...secrets.map(({ length }) => length)) - 1;
  /** The end of what came before, in which a secret may begin. */
  let tail: Buffer = NOTHING;
  let isOver = false;

  function stop(): void {
    isOver = true;
    answer.onError(toRepeated());
  }

  function holds(chunk: Buffer): boolean {
    if (holdsSecret(chunk, secrets)) return true;
    const seam = tail.length === 0 ? chunk : Buffer.concat([tail, chunk.subarray(0, most)]);
    const isSplit = tail.length > 0 && holdsSecret(seam, secrets);
    tail = (chunk.length >= most ? chunk : seam).subarray(-most);
    return isSplit;
  }

  return {
    onHead(status, headers) {
      if (Object.values(headers).some((value) => holdsSecret(Buffer.from(String(value)), secrets))) stop();
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
