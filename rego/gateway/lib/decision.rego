# METADATA
# title: The decision
# description: |
#   What the collector in gateway.main is made of: contributions get their rule's code, and become effects as the tables
#   of effects say.
package gateway.lib.decision

import data.gateway.lib.effects

# METADATA
# description: Of denials those that stand. An effect that nobody knows softens nothing.
denied(denials) := {e | some e in denials; not is_softened(e.code)}

# METADATA
# description: Of denials those that wait for a person instead.
softened_to_approval(denials) := {e | some e in denials; effects.effect(e.code) == "require_approval"}

# METADATA
# description: Of questions to a person those that stand.
awaiting(questions) := {e | some e in questions; effects.effect(e.code) in {"as_written", "require_approval"}}

# METADATA
# description: Of questions to a person those that are refused without asking.
hardened_to_denial(questions) := {e | some e in questions; effects.effect(e.code) == "deny"}

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
