// Tells the address that a request comes from, behind the proxies that are trusted to say so.
import type { IncomingMessage } from "node:http";
import { createNetworks, toPlainAddress } from "./config/networks.ts";

/** The headers in which proxies say whom they speak for. */
export type ForwardedHeader = "x-forwarded-for" | "forwarded";

/** Gives the address of a request's client: the one door for whatever counts or records by address. */
export type ClientAddress = (incoming: Pick<IncomingMessage, "headers" | "socket">) => string;

/**
 * Makes it. Each trusted proxy adds whom it was asked by at the end, so the header is read from there: the first address
 * that is no trusted proxy is the client's, and whatever stands before it is what the client wrote itself. Where a proxy
 * says nothing readable the address is that proxy's own. An address is given in its one spelling.
 */
export function createClientAddress(options: {
  readonly trusted: readonly string[];
  readonly header: ForwardedHeader;
}): ClientAddress {
  const isTrusted = createNetworks(options.trusted);
  const { header } = options;
  const readHop = header === "forwarded" ? readElement : toAddress;
  return ({ headers, socket }) => {
    let known = toPlainAddress(socket.remoteAddress?.replace(/%.*$/, "") ?? "") ?? "";
    // Node joins several lines in their order.
    const value = headers[header];
    if (typeof value !== "string" || !isTrusted(known)) return known;
    for (const element of lastFirst(value)) {
      const address = readHop(element.trim());
      if (address === null) break;
      known = address;
      if (!isTrusted(known)) break;
    }
    return known;
  };
}

/**
 * Splits a list at its commas, from its end: how a client begins it (an open quotation mark, say) can't change how its end
 * is read. A backslash could hide where a quoted text begins, so nothing is read past one.
 */
function* lastFirst(text: string): Generator<string> {
  let end = text.length;
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at -= 1) {
    const character = text[at];
    if (character === "\\") return;
    if (character === '"') isQuoted = !isQuoted;
    if (character !== "," || isQuoted) continue;
    yield text.slice(at + 1, end);
    end = at;
  }
  yield text.slice(0, end);
}

const PAIR = /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"([^"]*)"|([!#$%&'*+.^_`|~\w-]+))[ \t]*(?:;|$)/y;

/** Gives the address of `for` in an element of `Forwarded` (RFC 7239, section 4); null where that can't be read. */
function readElement(element: string): string | null {
  let found: string | null = null;
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < element.length) {
    const [pair, name, quoted, token] = PAIR.exec(element) ?? [];
    if (pair === undefined) return null;
    if (name?.toLowerCase() !== "for") continue;
    if (found !== null) return null;
    found = quoted ?? token ?? "";
  }
  return found === null ? null : toAddress(found);
}

/** Reads an address with or without a port, IPv6 with a port in brackets; null for anything else, `unknown` too. */
function toAddress(text: string): string | null {
  const [, bracketed, short] =
    /^(?:\[([0-9a-fA-F:.]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})$/.exec(text) ?? [];
  return toPlainAddress(bracketed ?? short ?? text);
}
