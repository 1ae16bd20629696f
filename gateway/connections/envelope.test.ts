import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKeyWrapper, openCredential, rewrap, sealCredential } from "./envelope.ts";
import type { Place } from "./envelope.ts";

const older = { id: "older", key: randomBytes(32) };
const newer = { id: "newer", key: randomBytes(32) };
const place: Place = {
  id: "row",
  connectionId: "connection",
  name: "openai",
  baseUrl: "https://api.openai.com/v1",
  purpose: "api",
  version: 1,
};
const credential = { value: "a-key-of-a-provider" };

describe("a sealed key", () => {
  it("opens at its place, as a key or as a reference, and nothing of it can be read before", async () => {
    const wrapper = createKeyWrapper([newer]);
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[\x21-\x7e]{8,80}$/), fc.boolean(), async (text, isReference) => {
        const given = isReference ? { reference: text } : { value: text };
        const sealed = await sealCredential(wrapper, place, given);
        expect(Buffer.concat([sealed.sealed, sealed.dataKey]).includes(text)).toBe(false);
        expect(await openCredential(wrapper, place, sealed)).toEqual(given);
      }),
    );
  });

  it.each<Partial<Place>>([
    { id: "other" },
    { connectionId: "other" },
    { name: "other" },
    { baseUrl: "https://elsewhere.example" },
    { purpose: "admin" },
    { version: 2 },
  ])("does not open elsewhere: %o", async (other) => {
    const wrapper = createKeyWrapper([newer]);
    const sealed = await sealCredential(wrapper, place, credential);
    await expect(openCredential(wrapper, { ...place, ...other }, sealed)).rejects.toThrow();
    // Nor with a data key that was wrapped for there.
    const there = await sealCredential(wrapper, { ...place, ...other }, { value: "another-key" });
    const mixed = { ...sealed, dataKey: there.dataKey };
    await expect(openCredential(wrapper, { ...place, ...other }, mixed)).rejects.toThrow();
  });

  it("has a data key of its own", async () => {
    const wrapper = createKeyWrapper([newer]);
    const [one, other] = await Promise.all([
      sealCredential(wrapper, place, credential),
      sealCredential(wrapper, place, credential),
    ]);
    const mixed = { ...one, dataKey: other.dataKey };
    await expect(openCredential(wrapper, place, mixed)).rejects.toThrow();
  });

  it("is wrapped anew without being sealed anew, and then opens without the key before", async () => {
    const sealed = await sealCredential(createKeyWrapper([older]), place, credential);
    const both = createKeyWrapper([newer, older]);
    expect(await openCredential(both, place, sealed)).toEqual(credential);
    const wrapped = await rewrap(both, place, sealed);
    expect(wrapped.keyId).toBe("newer");
    const after = { ...wrapped, sealed: sealed.sealed };
    expect(await openCredential(createKeyWrapper([newer]), place, after)).toEqual(credential);
    await expect(openCredential(createKeyWrapper([older]), place, after)).rejects.toThrow("newer");
  });

  it("does not open once it is destroyed", async () => {
    const wrapper = createKeyWrapper([newer]);
    const sealed = await sealCredential(wrapper, place, credential);
    const empty = Buffer.alloc(0);
    await expect(openCredential(wrapper, place, { ...sealed, dataKey: empty })).rejects.toThrow();
  });
});
