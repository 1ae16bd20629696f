import { expect, test } from "vitest";
import type { Caller } from "../exchange.ts";
import { admit, readBinding } from "./binding.ts";

const caller: Caller = {
  tenant: "default",
  issuer: "https://login.example.com",
  subject: "ada",
  kind: "human",
  groups: [],
  scopes: [],
  claims: {},
  actsFor: null,
  agent: null,
  initiator: "person",
  credentialId: "jwt_1",
  expiresAt: null,
};
const [mine, other] = ["m", "o"].map((letter) => letter.repeat(43));
const from = (certificate: string | null) => ({ address: () => "", certificate: () => certificate });

test("a caller is told with the certificate that its connection shows, and with none where there is none", () => {
  expect(admit(caller, from(mine ?? ""))).toEqual({ ...caller, certificate: mine });
  expect(admit(caller, from(null))).toBe(caller);
  expect(admit(caller, undefined)).toBe(caller);
});

test("a bound one is admitted with its certificate alone", () => {
  const bound = { ...caller, ...readBinding({ cnf: { "x5t#S256": mine } }) };
  expect(admit(bound, from(mine ?? ""))).toMatchObject({ certificate: mine });
  for (const sender of [from(other ?? ""), from(null), undefined])
    expect(() => admit(bound, sender)).toThrow("bound to a client certificate");
});

test.each([
  [null],
  [{}],
  ["x"],
  [{ "x5t#S256": "short" }],
  [{ "x5t#S256": mine, jkt: mine }],
  [{ jkt: mine }],
])("a binding that is not understood is refused: %j", (cnf) => {
  expect(() => readBinding({ cnf })).toThrow("does not check");
});
