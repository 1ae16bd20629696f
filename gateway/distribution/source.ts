// Where a bundle comes from, as the rest of this folder sees it.

/** Says that a source can't be asked, or answers with no bundle; holds no credential and nothing of the answer. */
export class SourceError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = "SourceError";
  }
}

/** What a source is asked with. */
export type Asking = {
  /** Whether it may keep the answer back until there is something new. */
  readonly mayWait: boolean;
  readonly signal: AbortSignal;
};

/** The answer: a bundle that may be another one, or null where it is the one of the last answer. */
export type Answer = {
  readonly bytes: Buffer | null;
  /** How long to wait before it is asked again, in milliseconds. */
  readonly pauseMs: number;
};

export type BundleSource = {
  /** As it is named to people, without anything secret. */
  readonly name: string;
  /** Whether it can be away, so that the gateway goes on, and starts, without it. */
  readonly isRemote: boolean;
  /** Asks it. Rejects with a `SourceError`. */
  ask(asking: Asking): Promise<Answer>;
  /** Has it give the whole bundle at the next answer: the last one could not be used for now. */
  forget(): void;
  /** Is told what became of the bundle that it gave last: why it does not decide, or null. */
  became?(problem: string | null): void;
};
