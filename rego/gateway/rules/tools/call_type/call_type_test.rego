package gateway.rules.tools.call_type_test

import data.gateway.rules.tools.call_type

params := {"lists": {"call_types": ["function_call"]}}

test_no_denial_when_the_type_is_listed if {
	count(call_type.deny) == 0 with input.calls as [{"id": "1", "type": "function_call"}]
		with data.gateway.params as params
}

test_deny_only_the_call_whose_type_is_not_listed if {
	call_type.deny == {{"call": "2", "about": "teleport_call"}} with input.calls as [
		{"id": "1", "type": "function_call"},
		{"id": "2", "type": "teleport_call"},
	]
		with data.gateway.params as params
}

test_deny_when_the_type_is_missing if {
	call_type.deny == {{"call": "1", "about": ""}} with input.calls as [{"id": "1"}] with data.gateway.params as params
}

test_no_denial_without_calls if count(call_type.deny) == 0 with input as {}
