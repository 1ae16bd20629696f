// What a corpus may measure, so that none that comes from elsewhere fills the memory or the time.

/** Bytes of one exchange. */
export const LONGEST_LINE = 4 << 20;
/** Bytes of the manifest. */
export const LONGEST_HEADER = 1 << 20;
/** Bytes of all exchanges, unpacked. */
export const MOST_BYTES = 64 * 2 ** 30;
