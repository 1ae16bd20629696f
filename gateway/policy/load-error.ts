// A policy that is not taken into use.

/** Says why a bundle or an operator's file is refused, in words for the operator's log; never holds a caller's text. */
export class PolicyLoadError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = "PolicyLoadError";
  }
}
