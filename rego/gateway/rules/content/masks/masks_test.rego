package gateway.rules.content.masks_test

import data.gateway.rules.content.masks

secrets := {"class": "secret", "with": "redact"}

emails := {"class": "email", "with": "token", "direction": "request"}

params := {"lists": {"masks": [secrets, object.union(emails, {"groups": ["support"]})]}}

test_mask_for_everybody if {
	masks.mask == {secrets} with input.caller.groups as ["developers"] with data.gateway.params as params
}

test_mask_for_a_group if {
	masks.mask == {secrets, emails} with input.caller.groups as ["developers", "support"]
		with data.gateway.params as params
}

test_mask_that_restores if {
	phones := {"class": "phone", "with": "placeholder", "restore": ["message"]}
	masks.mask == {phones} with input as {}
		with data.gateway.params as {"lists": {"masks": [phones]}}
}

test_mask_of_fields if {
	salaries := {"fields": ["salary", "/customer/ssn"], "with": "redact"}
	masks.mask == {salaries} with input as {}
		with data.gateway.params as {"lists": {"masks": [salaries]}}
}

test_mask_with_surrogates if {
	phones := {"class": "phone", "with": "surrogate", "direction": "request"}
	masks.mask == {phones} with input as {}
		with data.gateway.params as {"lists": {"masks": [phones]}}
}

test_no_mask_when_fields_are_missing if {
	masks.mask == {secrets} with input as {} with data.gateway.params as params
}
