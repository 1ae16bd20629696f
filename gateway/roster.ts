// Keeps what is under way, in no order. A Set would do, but for the garbage collector: a Set that is added to and deleted
// from moves to a new table again and again, each old table points to the next, and as soon as one of them is old enough
// to be collected seldom, it keeps all later ones and what stood in them, until a whole collection.

export type Roster<T> = {
  /** Adds a value; what it gives takes it out again. */
  add(value: T): () => void;
  /** Visits all that are in when it begins, but for those that are taken out on the way. */
  visit(visit: (value: T) => void): void;
};

const OUT = -1;

/** Creates an empty roster. */
export function createRoster<T>(): Roster<T> {
  const places: { readonly value: T; at: number }[] = [];
  return {
    add(value) {
      const place = { value, at: places.length };
      places.push(place);
      return () => {
        if (place.at === OUT) return;
        const last = places.pop();
        // The last one moves to where the gap is.
        if (last !== undefined && last !== place) {
          places[place.at] = last;
          last.at = place.at;
        }
        place.at = OUT;
      };
    },
    visit(visit) {
      for (const place of places.slice()) {
        if (place.at !== OUT) visit(place.value);
      }
    },
  };
}
