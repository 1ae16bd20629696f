package gateway.lib.settings_test

import data.gateway.lib.settings

params := {
	"groups": {"a": {"from": "bundle"}, "b": {"from": "bundle"}},
	"lists": {"x": [1], "y": [1]},
	"limits": {"n": {"default": 10, "groups": {"a": 5, "b": 50}}},
}

operator := {
	"groups": {"a": {"from": "operator"}},
	"lists": {"x": [2]},
	"limits": {"n": {"default": 20, "groups": {"a": 70}}},
}

test_group_is_the_operators_where_there_is_one if {
	settings.group("a").from == "operator" with data.gateway.params as params
		with data.gateway.operator as operator
	settings.group("b").from == "bundle" with data.gateway.params as params
		with data.gateway.operator as operator
}

test_group_is_undefined_where_nobody_names_it if {
	not settings.group("c") with data.gateway.params as params
}

test_list_is_the_operators_where_there_is_one if {
	settings.list("x") == [2] with data.gateway.params as params with data.gateway.operator as operator
	settings.list("y") == [1] with data.gateway.params as params with data.gateway.operator as operator
}

test_limit_is_the_highest_of_the_groups if {
	settings.limit("n") == 50 with data.gateway.params as params
		with input.caller.groups as ["a", "b"]
	settings.limit("n") == 70 with data.gateway.params as params
		with data.gateway.operator as operator
		with input.caller.groups as ["a", "b"]
}

test_limit_is_the_default_without_a_group if {
	settings.limit("n") == 10 with data.gateway.params as params with input.caller.groups as ["c"]
	settings.limit("n") == 20 with data.gateway.params as params
		with data.gateway.operator as operator
		with input.caller.groups as []
}

test_whether_earlier_turns_count_is_the_operators_before_the_bundles if {
	bundle := {"limits": {"tokens": {"count_earlier": false}}}
	settings.counts_earlier("tokens") == false with data.gateway.params as bundle with data.gateway.operator as {}
	settings.counts_earlier("tokens") == true with data.gateway.params as bundle
		with data.gateway.operator as {"limits": {"tokens": {"count_earlier": true}}}
}

test_an_entry_is_for_the_callers_of_its_groups if {
	settings.is_for_caller({"groups": ["ci"]}) with input.caller.groups as ["ci"]
	not settings.is_for_caller({"groups": ["ci"]}) with input.caller.groups as ["developers"]
	settings.is_for_caller({}) with input.caller.groups as []
	settings.is_for_caller({"groups": ["ci"]}) with input as {}
}
