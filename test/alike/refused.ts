// What the gateway answers by itself in the provider's place, each with the name that docs/compatibility.md has for it.

/** The gateway's own error in the provider's place. */
export type Refusal = {
  /** As docs/compatibility.md calls it. */
  readonly rule: string;
  readonly status: number;
  readonly code: string;
  /** The provider has got the request. */
  readonly reaches: boolean;
};

const before = (rule: string, status: number, code: string): Refusal => ({
  rule,
  status,
  code,
  reaches: false,
});
const behind = (rule: string, status: number, code: string): Refusal => ({
  rule,
  status,
  code,
  reaches: true,
});

export const REQUEST = {
  type: before("requests that are not JSON", 415, "body_encoding_unsupported"),
  compressed: before("compressed requests", 415, "body_encoding_unsupported"),
  twoWays: before("one reading", 400, "body_invalid"),
  noObject: before("one reading", 400, "body_shape"),
  form: before("forms", 400, "body_invalid"),
  method: before("methods", 405, "method_not_allowed"),
  withheld: before("credentials", 403, "credential_withheld"),
  unreadFile: before("files that were not read", 403, "file_not_inspected"),
} as const;

export const ANSWER = {
  type: behind("answers of another type", 502, "answer_type_unexpected"),
  redirect: behind("redirects", 502, "answer_type_unexpected"),
  condition: behind("conditions", 502, "answer_type_unexpected"),
  twoWays: behind("one reading", 502, "answer_unreadable"),
  compressed: behind("compressed answers", 502, "answer_unreadable"),
  list: behind("lists", 502, "answer_unreadable"),
  credential: behind("the provider's 401", 502, "credential_refused"),
  cut: behind("cut answers", 502, "target_broke_off"),
} as const;

/** Gives the error in the place of one that is not JSON. */
export function toUnread(status: number): Refusal {
  return behind("errors that are not JSON", status, "target_failed");
}
