package gateway.rules.content.injection_test

import data.gateway.rules.content.injection

test_label_when_a_pattern_was_found if {
	injection.label == {{"label": "prompt_injection"}} with input.findings as {"prompt_injection": 1}
}

test_no_label_when_none_was_found if count(injection.label) == 0 with input.findings as {"prohibited_prompt": 1}

test_no_label_when_fields_are_missing if count(injection.label) == 0 with input as {}
