// Says why there is no token.

/** Says why there is no token, in words for whoever asked. */
export class NoTokenError extends Error {
  /** Whether asking again may help: nobody answered, or not yet. */
  readonly isPassing: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly isPassing?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "NoTokenError";
    this.isPassing = options.isPassing ?? false;
  }
}
