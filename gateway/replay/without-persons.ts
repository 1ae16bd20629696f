// Takes persons out of recorded facts: who asked, for whom, and whose the objects are, each the same stand-in wherever it is named.
import type { Facts } from "../exchange.ts";
import { toSampleFacts } from "../policy/sample-facts.ts";

/** Gives facts that name no person and no exchange or session of the record. */
export function withoutPersons(facts: Facts): Facts {
  const known = new Map<string, string>();
  const toName = (subject: string): string => {
    const name = known.get(subject) ?? `person-${known.size + 1}`;
    known.set(subject, name);
    return name;
  };
  const { caller, session, objects } = facts;
  const sample = toSampleFacts("request");
  return {
    ...facts,
    id: sample.id,
    session: { ...session, id: sample.session.id },
    caller: {
      ...caller,
      subject: toName(caller.subject),
      claims: {},
      acts_for: caller.acts_for === null ? null : toName(caller.acts_for),
      agent: caller.agent === null ? null : { ...caller.agent, owner: toName(caller.agent.owner) },
      certificate: caller.certificate === null ? null : "certificate",
    },
    objects: objects.map((object) =>
      object.owner === null
        ? object
        : { ...object, owner: { ...object.owner, subject: toName(object.owner.subject) } },
    ),
  };
}
