import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClientAddress } from "./client-address.ts";
import type { ForwardedHeader } from "./client-address.ts";
import { createNetworks, isEverywhere, isNetwork } from "./config/networks.ts";

class Peer extends Socket {
  override readonly remoteAddress: string;
  constructor(address: string) {
    super();
    this.remoteAddress = address;
  }
}

const TRUSTED = ["10.0.0.0/8", "192.0.2.7", "2001:db8:ffff::/48"];

function ask(
  header: ForwardedHeader,
  value: string | undefined,
  peer = "10.0.0.1",
  trusted = TRUSTED,
): string {
  const headers = value === undefined ? {} : { [header]: value };
  return createClientAddress({ trusted, header })({ headers, socket: new Peer(peer) });
}
const byList = (value: string | undefined, peer?: string): string => ask("x-forwarded-for", value, peer);
const byElements = (value: string, peer?: string): string => ask("forwarded", value, peer);

describe("a client's address", () => {
  test.each([
    ["nothing is believed of whoever is no trusted proxy", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["nothing is said", "10.0.0.1", undefined, "10.0.0.1"],
    ["one proxy says it", "10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["the client wrote addresses before it", "10.0.0.1", "1.1.1.1, 10.9.9.9, 198.51.100.1", "198.51.100.1"],
    [
      "several trusted proxies say it",
      "10.0.0.1",
      "1.1.1.1, 198.51.100.1, 192.0.2.7,10.2.3.4",
      "198.51.100.1",
    ],
    ["all are trusted, it is the first", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["a proxy of IPv4 is seen by IPv6", "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["an address of IPv4 is written as one of IPv6", "10.0.0.1", "::FFFF:c633:6401", "198.51.100.1"],
    ["a trusted proxy is written so too", "10.0.0.1", "198.51.100.1, ::ffff:10.0.0.9", "198.51.100.1"],
    ["it has a port", "10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
    ["it is of IPv6, in any spelling", "10.0.0.1", "2001:0DB8:0:0::1", "2001:db8::1"],
    ["it is of IPv6 with a port", "10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"],
    ["a proxy of IPv6 says it", "2001:db8:ffff::1", "198.51.100.1", "198.51.100.1"],
    ["the proxy says it does not know", "10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
    ["the proxy says garbage", "10.0.0.1", "198.51.100.1, 10.0.0.2, 256.1.1.1", "10.0.0.1"],
    ["an earlier proxy says garbage", "10.0.0.1", "198.51.100.1, 010.1.1.1, 10.0.0.2", "10.0.0.2"],
    ["an element is empty", "10.0.0.1", "198.51.100.1,", "10.0.0.1"],
    ["a zone is named", "10.0.0.1", "fe80::1%eth0", "10.0.0.1"],
    ["the peer is in a zone", "fe80::1%eth0", "198.51.100.1", "fe80::1"],
    ["the client wrote a quotation mark", "10.0.0.1", '"1.1.1.1, 198.51.100.1', "198.51.100.1"],
  ])("where %s", (_name, peer, value, address) => {
    expect(byList(value, peer)).toBe(address);
  });

  test.each([
    ["one element", "for=198.51.100.1", "198.51.100.1"],
    ["its other fields", 'By=10.0.0.1; FOR="198.51.100.1:80";proto=https', "198.51.100.1"],
    ["IPv6", 'for="[2001:DB8::1]:4711"', "2001:db8::1"],
    ["the last that is no proxy", "for=1.1.1.1, for=198.51.100.1, for=10.0.0.9", "198.51.100.1"],
    ["an open quotation mark before it", 'for="1.1.1.1, for=198.51.100.1', "198.51.100.1"],
    ["a hidden one in a quoted field", 'for=198.51.100.1;host=";for=1.1.1.1;, for=1.1.1.1"', "198.51.100.1"],
    ["two in one element", "for=198.51.100.1;for=1.1.1.1", "10.0.0.1"],
    ["an escape", String.raw`for=198.51.100.1;host="a\", for=1.1.1.1;host=\"b"`, "10.0.0.1"],
    ["a made-up name", "for=_hidden", "10.0.0.1"],
    ["no name", "proto=https", "10.0.0.1"],
    ["what is no field", "198.51.100.1", "10.0.0.1"],
  ])("is read from %s", (_name, value, address) => {
    expect(byElements(value)).toBe(address);
  });

  test("is never changed by what stands before the proxy's own word", () => {
    const before = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'for=";,\\[]:%. 10'.split("")) }),
    );
    fc.assert(
      fc.property(before, fc.boolean(), (text, isList) => {
        const header = isList ? "x-forwarded-for" : "forwarded";
        const own = isList ? "198.51.100.1" : 'for="198.51.100.1";proto=https';
        expect(ask(header, `${text},${own}`)).toBe("198.51.100.1");
      }),
    );
  });

  test("is read from a header of any length", () => {
    expect(byList("10.0.0.1,".repeat(100_000))).toBe("10.0.0.1");
    expect(byElements(`${"for=10.0.0.1;".repeat(100_000)}x`)).toBe("10.0.0.1");
    expect(byElements(`${"a".repeat(1_000_000)}=`)).toBe("10.0.0.1");
  });
});

test("networks are read in one spelling, and never as everybody", () => {
  expect(["10.0.0.0/8", "192.0.2.1", "2001:DB8::/32", "::1"].every(isNetwork)).toBe(true);
  const wrong = [
    "10.0.0.0/33",
    "10.0.0/8",
    "::ffff:10.0.0.0/104",
    "localhost",
    "fe80::1%eth0",
    "::1/129",
    "",
  ];
  expect(wrong.filter(isNetwork)).toEqual([]);
  expect(["0.0.0.0/0", "::/0"].every(isEverywhere)).toBe(true);
  const isIn = createNetworks(["10.0.0.0/8"]);
  expect([isIn("10.1.2.3"), isIn("11.1.2.3"), isIn("garbage"), isIn("")]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
