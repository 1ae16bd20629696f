package gateway.rules.limits.tokens_test

import data.gateway.rules.limits.tokens

params := {"limits": {"tokens_per_request": {"default": 100, "groups": {"big": 1000}}}}

facts(groups, total, exact) := {"caller": {"groups": groups}, "request": {"tokens": {"count": total, "exact": exact}}}

test_no_denial_within_the_limit if {
	count(tokens.deny) == 0 with input as facts([], 100, false) with data.gateway.params as params
	count(tokens.need) == 0 with input as facts([], 100, false) with data.gateway.params as params
}

test_deny_and_need_the_exact_count_when_the_bound_is_over if {
	count(tokens.deny) == 1 with input as facts([], 101, false) with data.gateway.params as params
	tokens.need == {{"fact": "tokens.exact"}} with input as facts([], 101, false) with data.gateway.params as params
}

test_deny_tells_count_and_limit if {
	tokens.deny == {{"about": "101, the limit is 100"}} with input as facts([], 101, true)
		with data.gateway.params as params
}

test_deny_without_need_when_the_exact_count_is_over if {
	count(tokens.deny) == 1 with input as facts([], 101, true) with data.gateway.params as params
	count(tokens.need) == 0 with input as facts([], 101, true) with data.gateway.params as params
}

test_no_denial_within_the_limit_of_a_group if {
	count(tokens.deny) == 0 with input as facts(["big"], 1000, true) with data.gateway.params as params
}

test_deny_when_fields_are_missing if {
	count(tokens.deny) == 1 with input as {} with data.gateway.params as params
}

test_deny_when_the_limit_is_missing if {
	count(tokens.deny) == 1 with input as facts([], 1, true) with data.gateway.params as {}
}

counting := object.union(params, {"limits": {"tokens_per_request": {"count_earlier": true}}})

continued(total) := object.union(facts([], 60, true), {"earlier": {"tokens": total}})

test_earlier_turns_count_where_they_shall if {
	count(tokens.deny) == 0 with input as continued(40) with data.gateway.params as counting
	tokens.deny == {{"about": "101, the limit is 100"}} with input as continued(41)
		with data.gateway.params as counting
}

test_earlier_turns_do_not_count_otherwise if {
	count(tokens.deny) == 0 with input as continued(1000) with data.gateway.params as params
}
