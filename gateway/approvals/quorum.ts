// Who may answer a question, and whether the yeses are enough: people are counted, never groups.

/** Somebody's groups; null: an operator's, who stands for any one of those that are asked. */
export type Voter = { readonly person: string; readonly groups: readonly string[] | null };

/** What is asked for: somebody of each list of groups, each a person of their own, and so many people in all. */
export type Quorum = {
  readonly from: readonly (readonly string[])[];
  readonly people: number;
};

/** Gives how many people it takes: never fewer than there are lists. */
export function toNeeded({ from, people }: Quorum): number {
  return Math.max(people, from.length);
}

/** Says whether somebody is in a group that is asked. */
export function isAsked({ groups }: Voter, from: Quorum["from"]): boolean {
  return from.some((list) => fits(groups, list));
}

/** Says whether these yeses are enough. Each person counts once, for one list. */
export function isEnough(quorum: Quorum, yes: readonly Voter[]): boolean {
  const voters = [...new Map(yes.map((voter) => [voter.person, voter])).values()].filter((voter) =>
    isAsked(voter, quorum.from),
  );
  if (voters.length < toNeeded(quorum)) return false;
  // A matching of lists to people (augmenting paths): greedy choice could spend on one list who is the only one for another.
  const spent = new Map<Voter, number>();
  return quorum.from.every((_, list) => findFor(list, new Set()));

  function findFor(list: number, tried: Set<Voter>): boolean {
    for (const voter of voters) {
      if (tried.has(voter) || !fits(voter.groups, quorum.from[list] ?? [])) continue;
      tried.add(voter);
      const other = spent.get(voter);
      if (other === undefined || findFor(other, tried)) {
        spent.set(voter, list);
        return true;
      }
    }
    return false;
  }
}

function fits(groups: Voter["groups"], list: readonly string[]): boolean {
  return groups === null || groups.some((group) => list.includes(group));
}
