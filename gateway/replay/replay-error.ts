// Why a replay ended before its end.

/** Says why, in words for whoever asked for it; holds nothing of what was recorded. */
export class ReplayError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ReplayError";
  }
}
