// Reads networks as they are written in configuration, and says which addresses are in them.
import { BlockList, isIP, SocketAddress } from "node:net";

type Network = { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" };

/** Reads one address, or a network as `10.0.0.0/8`; null where it is neither. */
function parseNetwork(text: string): Network | null {
  const [, given = "", length] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = toPlainAddress(given);
  if (address === null || (address !== given && /\./.test(address))) return null;
  const isShort = isIP(address) === 4;
  const longest = isShort ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  return prefix > longest ? null : { address, prefix, family: isShort ? "ipv4" : "ipv6" };
}

/** Says whether a text names one address or a network. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== null;
}

/** Says whether a network holds every address of its family. */
export function isEverywhere(text: string): boolean {
  return parseNetwork(text)?.prefix === 0;
}

/** Makes the test of whether an address is in any of the networks; what is no address is in none. */
export function createNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network !== null) list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
  };
}

/** Gives an address in its one spelling, an IPv4 one in IPv6 as IPv4; null for what is none, or has a zone. */
export function toPlainAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0 || text.includes("%")) return null;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}
