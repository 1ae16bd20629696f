package gateway.rules.access.operation_test

import data.gateway.rules.access.operation

params := {"groups": {
	"some": {"operations": {"names": ["responses.create"]}},
	"all": {"operations": {"all": true}},
	"none": {},
}}

allowed(groups, name) if {
	count(operation.allow) > 0 with input as {"caller": {"groups": groups}, "operation": name}
		with data.gateway.params as params
}

test_allow_when_a_group_names_the_operation if allowed(["none", "some"], "responses.create")

test_no_allow_when_no_group_names_it if not allowed(["some"], "responses.delete")

test_allow_when_a_group_may_use_all if allowed(["all"], "closed")

test_no_allow_when_the_operation_is_unknown if not allowed(["all"], "unknown")

test_no_allow_without_groups if {
	not allowed([], "responses.create")
	not allowed(["elsewhere", "none"], "responses.create")
}

test_no_allow_when_fields_are_missing if {
	count(operation.allow) == 0 with input as {} with data.gateway.params as params
}
