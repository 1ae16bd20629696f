package gateway.rules.approval.model_test

import data.gateway.rules.approval.model

params := {"stored_model_operations": ["videos.remix"], "lists": {"approve_models": [
	{"model": "gpt-5-pro*"},
	{"model": "o3", "groups": ["interns"]},
]}}

facts(groups, name) := {
	"caller": {"groups": groups},
	"route": {"names_model": true},
	"request": {"model": name, "models": []},
	"tools": [],
}

asked(facts) if count(model.require_approval) > 0 with input as facts with data.gateway.params as params

test_ask_about_a_listed_model if {
	asked(facts([], "gpt-5-pro-2025-10-06"))
	asked(facts(["interns"], "o3"))
	some question in model.require_approval with input as facts([], "gpt-5-pro") with data.gateway.params as params
	question.about == "gpt-5-pro"
}

test_ask_about_no_other_model_and_nobody_else if {
	not asked(facts(["interns"], "gpt-5"))
	not asked(facts(["developers"], "o3"))
}

test_ask_about_a_model_in_a_deep_place if {
	asked(object.union(facts([], "gpt-5"), {"request": {"models": ["gpt-5-pro"]}}))
	asked(object.union(facts([], "gpt-5"), {"tools": [{"model": "gpt-5-pro"}]}))
}

test_ask_about_a_model_that_is_not_named if asked(facts([], null))

test_ask_about_a_model_that_lies_with_the_provider if asked({"operation": "videos.remix", "caller": {"groups": []}})

test_ask_nothing_where_nothing_is_listed if {
	count(model.require_approval) == 0 with input as facts([], null) with data.gateway.params as object.union(params, {"lists": {"approve_models": []}})
}

test_ask_where_the_groups_are_missing if asked(object.remove(facts([], "o3"), ["caller"]))
