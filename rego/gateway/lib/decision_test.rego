package gateway.lib.decision_test

import data.gateway.lib.decision

effects := {
	"asked": "require_approval",
	"denied": "deny",
	"misspelt": "obsreve",
	"observed": "observe",
	"off": "off",
}

contributions := {
	{"code": "asked"},
	{"code": "denied"},
	{"code": "misspelt"},
	{"code": "observed"},
	{"code": "off"},
	{"code": "unnamed"},
}

codes(set) := {e.code | some e in set}

test_denials_stand_unless_they_are_clearly_softened if {
	codes(decision.denied(contributions)) == {"denied", "misspelt", "unnamed"} with data.gateway.params.effects as effects
		with input.connection.labels as []
	codes(decision.softened_to_approval(contributions)) == {"asked"} with data.gateway.params.effects as effects
		with input.connection.labels as []
}

test_questions_stand_or_become_denials if {
	codes(decision.awaiting(contributions)) == {"asked", "unnamed"} with data.gateway.params.effects as effects
		with input.connection.labels as []
	codes(decision.hardened_to_denial(contributions)) == {"denied"} with data.gateway.params.effects as effects
		with input.connection.labels as []
}

test_other_contributions_stand_unless_observed_or_off if {
	codes(decision.kept(contributions)) == {"asked", "denied", "misspelt", "unnamed"} with input.connection.labels as []
		with data.gateway.params.effects as effects
}

test_observed_are_those_that_are_only_recorded if {
	codes(decision.observed(contributions)) == {"observed"} with data.gateway.params.effects as effects
		with input.connection.labels as []
}

test_needed_are_all_but_those_that_are_off if {
	codes(decision.needed(contributions)) == {"asked", "denied", "misspelt", "observed", "unnamed"} with input.connection.labels as []
		with data.gateway.params.effects as effects
}
