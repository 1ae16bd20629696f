package gateway.rules.tools.type_test

import data.gateway.rules.tools.type

params := {"lists": {"tool_types": ["function"]}}

test_no_denial_when_the_type_is_listed if {
	count(type.deny) == 0 with input.tools as [{"type": "function"}] with data.gateway.params as params
}

test_deny_when_one_type_is_not_listed if {
	type.deny == {{"about": "teleport"}} with input.tools as [{"type": "function"}, {"type": "teleport"}]
		with data.gateway.params as params
}

test_deny_when_the_list_is_missing if {
	count(type.deny) == 1 with input.tools as [{"type": "function"}] with data.gateway.params as {}
}

test_deny_when_the_type_is_missing if {
	type.deny == {{"about": ""}} with input.tools as [{}, {"type": 1}] with data.gateway.params as params
}

test_no_denial_without_tools if count(type.deny) == 0 with input as {}
