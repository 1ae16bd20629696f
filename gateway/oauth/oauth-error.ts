// The errors of the token endpoint (RFC 6749, section 5.2).

/** The codes, with their statuses. */
const STATUSES = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unsupported_grant_type: 400,
  slow_down: 429,
  temporarily_unavailable: 503,
} as const;

export type OAuthErrorCode = keyof typeof STATUSES;

/** A refusal of the token endpoint. Its message is shown to whoever asks, and never holds what was sent. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;

  constructor(code: OAuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OAuthError";
    this.code = code;
  }

  /** The status of HTTP that goes with the code. */
  get status(): (typeof STATUSES)[OAuthErrorCode] {
    return STATUSES[this.code];
  }
}
