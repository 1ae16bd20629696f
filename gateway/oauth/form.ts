// Reads the form of a request to the token endpoint (RFC 6749, section 3.2): bounded, and no parameter twice.
import { OAuthError } from "./oauth-error.ts";

const MAX_BYTES = 64 * 1024;
/** A form is one packet; whoever takes longer holds a connection. */
const LIMIT_MS = 10_000;

/** The parameters by name; one without a value counts as absent. */
export type Form = ReadonlyMap<string, string>;

/** Reads a body, for at most `limitMs`. Throws `invalid_request`. */
export async function readForm(request: Request, limitMs = LIMIT_MS): Promise<Form> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded")
    throw new OAuthError(
      "invalid_request",
      "The body must be of the type application/x-www-form-urlencoded.",
    );
  if (new URL(request.url).search !== "")
    throw new OAuthError("invalid_request", "Parameters belong into the body: a query stands in logs.");
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(request, limitMs))) {
    if (form.has(name)) throw new OAuthError("invalid_request", "A parameter stands there twice.");
    form.set(name, value);
  }
  return new Map([...form].filter(([, value]) => value !== ""));
}

/** Gives a parameter that must be there. */
export function requireField(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new OAuthError("invalid_request", `The parameter ${name} is missing.`);
  return value;
}

async function readText(request: Request, limitMs: number): Promise<string> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new OAuthError("invalid_request", "The body did not arrive in time.");
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read().catch(breakOff), late]);
      if (done) return Buffer.concat(chunks).toString("utf8");
      size += value.length;
      if (size > MAX_BYTES) throw new OAuthError("invalid_request", "The body is longer than 64 KiB.");
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
    // What is left of it is not waited for.
    void reader.cancel().catch(() => undefined);
  }
}

function breakOff(cause: unknown): never {
  throw new OAuthError("invalid_request", "The body broke off.", { cause });
}
