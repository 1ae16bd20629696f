// Tells that the gateway can't start, in words for the person who started it.

/** A start that failed for a reason that its reader can mend; the message says how. */
export class StartError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StartError";
  }
}
