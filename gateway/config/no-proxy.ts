// Tells which hosts are called directly although there is a proxy.
import { isIP } from "node:net";
import { isLoopback } from "./loopback.ts";
import { createNetworks, isNetwork } from "./networks.ts";

type Entry = { readonly host: string; readonly port: number | null };

/** Splits a list as `NO_PROXY` has it. */
export function splitNoProxy(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== "");
}

/**
 * Makes the test of whether a host is called directly: this machine's own always is. An entry is an address, a network, or
 * a name, which stands for those below it too, with or without a port; `*` is every host.
 */
export function createDirect(entries: readonly string[]): (host: string, port: number) => boolean {
  const isInNetwork = createNetworks(entries.filter(isNetwork));
  const names = entries.filter((entry) => !isNetwork(entry)).map(toEntry);
  return (host, port) => {
    const name = host.toLowerCase().replace(/\.$/, "");
    if (isLoopback(name) || isInNetwork(name)) return true;
    return names.some(
      (entry) =>
        (entry.port === null || entry.port === port) &&
        (entry.host === "*" || name === entry.host || (isIP(name) === 0 && name.endsWith(`.${entry.host}`))),
    );
  };
}

function toEntry(text: string): Entry {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = (bracketed ?? plain ?? text).toLowerCase().replace(/^\*?\./, "");
  return { host, port: port === undefined ? null : Number(port) };
}
