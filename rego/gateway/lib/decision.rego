# METADATA
# title: The decision
# description: |
#   What the collector in gateway.main is made of: contributions get their rule's code, and become effects as the tables
#   of effects say.
package gateway.lib.decision

import data.gateway.lib.effects
import data.gateway.lib.settings

# METADATA
# description: Of denials those that stand. An effect that nobody knows softens nothing.
denied(denials) := {e | some e in denials; not is_softened(e.code)}

# METADATA
# description: Of denials those that wait for a person instead.
softened_to_approval(denials) := {asked(e) | some e in denials; effects.effect(e.code) == "require_approval"}

# METADATA
# description: Of questions to a person those that stand.
awaiting(questions) := {asked(e) | some e in questions; effects.effect(e.code) in {"as_written", "require_approval"}}

# What a rule does not say itself of who answers, and until when, the list `approvals` says: of its code, else of all.
asked(e) := object.union(of_code(e.code), e)

of_code(code) := object.remove(own[0], ["code"]) if {
	own := [one | some one in settings.list("approvals"); one.code == code]
	count(own) > 0
} else := of_all[0] if {
	of_all := [one | some one in settings.list("approvals"); not one.code]
	count(of_all) > 0
} else := {}

# METADATA
# description: Of questions to a person those that are refused without asking.
hardened_to_denial(questions) := {object.remove(e, of_questions) | some e in questions; effects.effect(e.code) == "deny"}

of_questions := ["question", "from", "people", "within_s", "allows"]

# METADATA
# description: Of other contributions those that stand.
kept(contributions) := {e | some e in contributions; not is_dropped(e.code)}

# METADATA
# description: Of contributions those that are only recorded.
observed(contributions) := {e | some e in contributions; effects.effect(e.code) == "observe"}

# METADATA
# description: The facts that are asked for, by rules that are only observed too.
needed(contributions) := {e | some e in contributions; effects.effect(e.code) != "off"}

is_softened(code) if effects.effect(code) in {"require_approval", "observe", "off"}

is_dropped(code) if effects.effect(code) in {"observe", "off"}
