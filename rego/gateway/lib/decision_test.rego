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

answers := [
	{"from": [["reviewers"]], "people": 1, "within_s": 60},
	{"code": "asked", "from": [["security"]], "people": 2, "within_s": 30},
]

test_a_question_is_put_to_whom_the_list_names if {
	decision.asked({"code": "asked"}) == {"code": "asked", "from": [["security"]], "people": 2, "within_s": 30} with data.gateway.params.lists.approvals as answers
	decision.asked({"code": "other"}) == {"code": "other", "from": [["reviewers"]], "people": 1, "within_s": 60} with data.gateway.params.lists.approvals as answers
}

test_what_a_rule_says_of_its_question_stands if {
	decision.asked({"code": "other", "people": 3}).people == 3 with data.gateway.params.lists.approvals as answers
}

test_a_question_stands_where_nobody_is_named if {
	decision.asked({"code": "other"}) == {"code": "other"} with data.gateway.params.lists.approvals as []
	decision.asked({"code": "other"}) == {"code": "other"} with data.gateway.params as {}
}

test_a_question_that_is_refused_is_a_plain_denial if {
	asked := {{"code": "denied", "about": "m", "question": "May it?", "from": [["a"]], "people": 2, "within_s": 9, "allows": "once"}}
	decision.hardened_to_denial(asked) == {{"code": "denied", "about": "m"}} with data.gateway.params.effects as effects
		with input.connection.labels as []
}
