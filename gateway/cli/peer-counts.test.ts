import { expect, test, vi } from "vitest";
import { createCountRelay, createPeerCounts } from "./peer-counts.ts";

type Peer = ReturnType<typeof createPeerCounts>;

/** Workers that reach one another as those of a gateway do. */
function createWorkers(): { join(id: number): Peer; leave(id: number): void } {
  const peers = new Map<number, Peer>();
  const relay = createCountRelay((id, told) => peers.get(id)?.take(told));
  return {
    join(id) {
      const peer = createPeerCounts(({ counts }) => relay.tells(id, counts));
      peers.set(id, peer);
      relay.joins(id);
      return peer;
    },
    leave(id) {
      peers.delete(id);
      relay.leaves(id);
    },
  };
}

test("a worker knows what the others count, and no longer what one had that is gone", async () => {
  const workers = createWorkers();
  const [one, two] = [workers.join(1), workers.join(2)];
  one.tell("a", 1);
  one.tell("a", 2);
  two.tell("a", 5);
  await vi.waitFor(() => expect(two.others("a")).toBe(2));
  expect(one.others("a")).toBe(5);
  expect(one.others("b")).toBe(0);

  const three = workers.join(3);
  expect(three.others("a")).toBe(7);
  one.tell("a", 0);
  await vi.waitFor(() => expect(three.others("a")).toBe(5));
  expect(two.others("a")).toBe(0);
  workers.leave(2);
  expect(three.others("a")).toBe(0);
});
