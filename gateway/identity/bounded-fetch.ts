// Fetches from issuers: no redirects, no answer of any length.
import type { CustomFetchOptions } from "openid-client";

const MAX_BYTES = 1024 * 1024;

/** As `fetch`, with an answer that is whole and at most 1 MiB; a redirect or a longer answer rejects. */
export async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "error" });
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error("The issuer's answer is too long.");
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(size === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}

/** `boundedFetch` as openid-client calls it. */
export function fetchForClient(url: string, init: CustomFetchOptions): Promise<Response> {
  const { body, headers, method, signal } = init;
  return boundedFetch(url, { headers, method, ...(body != null && { body }), ...(signal && { signal }) });
}
