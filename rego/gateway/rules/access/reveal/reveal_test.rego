package gateway.rules.access.reveal_test

import data.gateway.rules.access.reveal

params := {"lists": {"reveal_groups": ["auditors"]}}

denied(operation, groups) if {
	count(reveal.deny) > 0 with data.gateway.params as params with input as {
		"operation": operation,
		"caller": {"groups": groups},
	}
}

test_deny_who_may_do_all_else if denied("exchanges.reveal", ["admins"])

test_no_denial_for_a_group_that_is_listed if not denied("exchanges.reveal", ["developers", "auditors"])

test_no_denial_of_another_operation if not denied("responses.create", ["developers"])

test_deny_without_groups if denied("exchanges.reveal", [])

test_deny_when_the_list_is_missing if {
	count(reveal.deny) == 1 with data.gateway.params as {} with input as {
		"operation": "exchanges.reveal",
		"caller": {"groups": ["auditors"]},
	}
}
