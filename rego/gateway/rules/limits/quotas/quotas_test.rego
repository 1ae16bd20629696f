package gateway.rules.limits.quotas_test

import data.gateway.rules.limits.quotas

requests := {"name": "requests-per-minute", "unit": "requests", "limit": 60, "window": "minute"}

facts := {
	"caller": {"issuer": "tollgate", "subject": "writer", "groups": ["developers", "interns"], "agent": {"name": "w"}},
	"connection": {"name": "openai"},
	"operation": "responses.create",
	"request": {"model": "gpt-5", "models": []},
	"session": {"id": "s1"},
	"tools": [],
}

entry(fields) := object.union(requests, fields)

limits(fields) := found if {
	found := quotas.limit with input as facts with data.gateway.params.lists.quotas as [entry(fields)]
}

keys(fields) := {one.key | some one in limits(fields)}

test_no_limit_without_an_entry if {
	count(quotas.limit) == 0 with input as facts with data.gateway.params.lists.quotas as []
}

test_limit_for_all_together if limits({}) == {object.union(requests, {"key": ""})}

test_limit_by_what_it_is_counted_apart if {
	keys({"per": ["caller"]}) == {"caller tollgate writer"}
	keys({"per": ["agent", "session"]}) == {"agent w session s1"}
	keys({"per": ["connection", "operation"]}) == {"connection openai operation responses.create"}
	keys({"per": ["model"]}) == {"model gpt-5"}
}

test_limit_by_group_counts_each_group if {
	keys({"per": ["group"]}) == {"group developers", "group interns"}
	keys({"per": ["group", "model"], "groups": ["interns"]}) == {"group interns model gpt-5"}
}

test_limit_when_fields_are_missing if {
	found := quotas.limit with input as {} with data.gateway.params.lists.quotas as [entry({"per": [
		"caller",
		"agent",
		"model",
	]})]
	found == {object.union(requests, {"key": "caller ? agent none model none"})}
}

test_no_limit_for_others if {
	count(limits({"groups": ["admins"]})) == 0
	count(limits({"operations": ["files.create"]})) == 0
	count(limits({"models": ["o3*"]})) == 0
	count(limits({"connections": ["europe"]})) == 0
}

test_limit_for_those_that_are_meant if {
	scope := {"operations": ["responses.create"], "models": ["gpt-*"], "connections": ["openai"], "groups": ["interns"]}
	limits(scope) == {object.union(requests, {"key": ""})}
}
