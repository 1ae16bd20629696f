package gateway.rules.content.prohibited_test

import data.gateway.rules.content.prohibited

test_deny_when_a_pattern_was_found if count(prohibited.deny) == 1 with input.findings as {"prohibited_prompt": 2}

test_no_denial_when_none_was_found if {
	count(prohibited.deny) == 0 with input.findings as {"prompt_injection": 1}
	count(prohibited.deny) == 0 with input.findings as {"prohibited_prompt": 0}
}

test_no_denial_when_fields_are_missing if count(prohibited.deny) == 0 with input as {}
