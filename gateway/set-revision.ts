// Names several bundles that decide together, as a decision is recorded with them: each by its name, revision and digest.

/** A bundle of several. */
export type SetMember = {
  readonly name: string;
  /** Whether nothing is allowed without it. */
  readonly isGate: boolean;
  readonly revision: string;
  /** The SHA-256 of its bytes, in hexadecimal, or the beginning of it. */
  readonly digest: string;
};

const DIGEST_CHARS = 16;
const MEMBER = /^(?<name>[a-z0-9-]+)(?<optional>\??):(?<revision>[^:@+]+)@(?<digest>[0-9a-f]{16})$/;

/**
 * Gives the revision of all of them, in their order: `platform:22c14c4a94df@1f3a…+search?:1.4.0@9c41…`, where `?` stands for
 * no gate; of a single one its own.
 */
export function toSetRevision(members: readonly SetMember[]): string {
  const [first, ...others] = members;
  if (first !== undefined && others.length === 0) return first.revision;
  return members
    .map(
      ({ name, isGate, revision, digest }) =>
        `${name}${isGate ? "" : "?"}:${encodeURIComponent(revision.toWellFormed())}@${digest.slice(0, DIGEST_CHARS)}`,
    )
    .join("+");
}

/** Reads what `toSetRevision` gives; null for the revision of a single bundle. */
export function readSetRevision(text: string): readonly SetMember[] | null {
  const members = text.split("+").map((part) => {
    const { name, optional, revision, digest } = MEMBER.exec(part)?.groups ?? {};
    if (name === undefined || revision === undefined || digest === undefined) return null;
    const own = decode(revision);
    return own === null ? null : { name, isGate: optional === "", revision: own, digest };
  });
  const known = members.filter((one) => one !== null);
  return known.length === members.length && known.length > 1 ? known : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
