// Keeps a fresh token at hand: renewed before it ends, once for all who ask at the same time.

/** A token, and what its end means for whoever holds it. */
export type HeldToken = {
  readonly token: string;
  /** From when on it is to be renewed, and when it ends: milliseconds since the epoch. */
  readonly renewAt: number;
  readonly expiresAt: number;
};

/** Gets a token; `refused` is one that the gateway no longer takes, however long it should live. */
export type ObtainToken = (refused: string | null) => Promise<HeldToken>;

export type TokenSource = {
  /** Gives a token that is good now. Rejects with what `obtain` rejects with. */
  get(): Promise<string>;
  /** Gives another token than one that the gateway has refused as expired. */
  replace(refused: string): Promise<string>;
};

/** After a failure nobody is asked for so long: each call of a program would ask else. */
const PAUSE_MS = 1_000;
/** A long-lived token is renewed so long before its end, a short one after four fifths of its life. */
const AHEAD_MS = 300_000;

/** Tells when to renew a token that lives so many seconds from now on. */
export function toHeldToken(token: string, expiresIn: number, now: number): HeldToken {
  const expiresAt = now + expiresIn * 1000;
  return { token, expiresAt, renewAt: expiresAt - Math.min(AHEAD_MS, expiresIn * 200) };
}

/** Makes a source of tokens. It does nothing while nobody asks. */
export function createTokenSource(obtain: ObtainToken, now: () => number = Date.now): TokenSource {
  let held: HeldToken | null = null;
  let renewing: Promise<string> | null = null;
  let failure: { readonly error: unknown; readonly until: number } | null = null;

  function renew(refused: string | null): Promise<string> {
    if (failure !== null && failure.until > now()) return Promise.reject(failure.error);
    renewing ??= obtain(refused)
      .then(
        (fresh) => {
          held = fresh;
          failure = null;
          return fresh.token;
        },
        (error: unknown) => {
          failure = { error, until: now() + PAUSE_MS };
          throw error;
        },
      )
      .finally(() => {
        renewing = null;
      });
    return renewing;
  }

  return {
    async get() {
      if (held === null || held.expiresAt <= now()) return renew(null);
      // What is at hand serves until the next one is there, or this one's end.
      if (held.renewAt <= now()) renew(null).catch(() => undefined);
      return held.token;
    },
    async replace(refused) {
      if (held !== null && held.token !== refused && held.expiresAt > now()) return held.token;
      held = null;
      return renew(refused);
    },
  };
}
