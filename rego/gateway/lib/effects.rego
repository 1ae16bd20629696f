# METADATA
# title: Effects
# description: |
#   What becomes of a rule's contribution. A code's effect is data: by the labels of the connection, else for all; the
#   operator's before the bundle's, and weaker than the bundle's only for the codes that the bundle names.
package gateway.lib.effects

strictness := {"deny": 4, "as_written": 4, "require_approval": 3, "observe": 2, "off": 1}

# METADATA
# description: The effect of a code on this connection; `as_written` where no table names it.
effect(code) := operators if {
	operators := named(data.gateway.operator, code)
	operator_may_set(code, operators)
}

else := bundles(code)

operator_may_set(code, _) if code in data.gateway.params.operator_may_relax

operator_may_set(code, operators) if strictness[operators] >= strictness[bundles(code)]

bundles(code) := found if {
	found := named(data.gateway.params, code)
} else := "as_written"

named(settings, code) := strictest if {
	of_labels := {e | some label in input.connection.labels; e := settings.effects_by_label[label][code]}
	highest := max({strictness[e] | some e in of_labels})
	some strictest in of_labels
	strictness[strictest] == highest
}

else := settings.effects[code]
