package gateway.rules.content.injection_test

import data.gateway.rules.content.injection

rows := [
	{"place": "tool_output", "score": 40, "effect": "label"},
	{"place": "tool_output", "score": 80, "effect": "deny"},
]

scored(score) := {"score": score, "places": {"tool_output": {"score": score, "signals": {"template_token": 1}}}}

test_label_from_the_score_on if {
	injection.label == {{"label": "prompt_injection"}} with input.injection as scored(40)
		with data.gateway.params.lists.injection as rows
}

test_no_label_below_it if {
	count(injection.label) == 0 with input.injection as scored(39) with data.gateway.params.lists.injection as rows
}

test_no_label_of_another_place if {
	count(injection.label) == 0 with input.injection as {"score": 90, "places": {"message": {"score": 90, "signals": {}}}}
		with data.gateway.params.lists.injection as rows
}

test_label_when_an_own_pattern_was_found if {
	injection.label == {{"label": "prompt_injection"}} with input.findings as {"prompt_injection": 1}
		with input.injection as {"score": 0, "places": {}}
}

test_deny_from_the_score_on if {
	injection.deny == {{"about": "tool_output"}} with input.injection as scored(80)
		with data.gateway.params.lists.injection as rows
}

test_no_denial_below_it if {
	count(injection.deny) == 0 with input.injection as scored(79) with data.gateway.params.lists.injection as rows
}

test_no_denial_out_of_the_box if count(injection.deny) == 0 with input.injection as scored(100)

test_operators_list_stands_in_its_place if {
	count(injection.label) == 0 with input.injection as scored(100)
		with data.gateway.operator.lists.injection as []
}

test_deny_when_the_facts_are_missing if {
	count(injection.deny) == 1 with input as {} with data.gateway.params.lists.injection as rows
}
