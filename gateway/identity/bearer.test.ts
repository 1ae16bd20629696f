import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { parseBearer, readAuthorization } from "./bearer.ts";

function codeOf(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    return error instanceof GatewayError ? error.code : "other";
  }
}

describe("the Authorization header", () => {
  test.each([
    ["Bearer abc.def-ghi_jkl~mno+pqr/stu==", "abc.def-ghi_jkl~mno+pqr/stu=="],
    ["bearer abc", "abc"],
    ["BEARER   abc", "abc"],
  ])("gives its token: %s", (header, token) => {
    expect(parseBearer(header)).toBe(token);
  });

  test.each([undefined, "", "Bearer", "Bearer "])("is missing: %s", (header) => {
    expect(codeOf(() => parseBearer(header))).toBe("token_missing");
  });

  test.each([
    "Basic dXNlcjpwYXNz",
    "Bearer a b",
    "Bearer a, Bearer b",
    "Bearer a,b",
    "Bearer\ta",
    "Bearer ä",
    " Bearer a",
    "Bearer a ",
    "Bearer =a",
    `Bearer ${"a".repeat(20_000)}`,
  ])("is refused: %s", (header) => {
    expect(codeOf(() => parseBearer(header))).toBe("token_invalid");
  });

  test("may stand once", () => {
    expect(readAuthorization(["Host", "x", "AUTHORIZATION", "Bearer a"])).toBe("Bearer a");
    expect(readAuthorization(["Host", "authorization"])).toBeUndefined();
    expect(codeOf(() => readAuthorization(["authorization", "Bearer a", "Authorization", "Bearer a"]))).toBe(
      "token_invalid",
    );
  });
});
