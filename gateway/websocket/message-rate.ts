// How many messages a second come over a socket, control frames included.

/** Makes the count of one socket, which says of each message whether it is still within the limit. */
export function createMessageRate(limit: number): () => boolean {
  let second = 0;
  let messages = 0;
  return () => {
    const now = Math.floor(performance.now() / 1000);
    messages = now === second ? messages + 1 : 1;
    second = now;
    return messages <= limit;
  };
}
