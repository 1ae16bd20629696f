package gateway.rules.access.initiator_test

import data.gateway.rules.access.initiator

params := {"stored_model_operations": ["videos.remix"], "lists": {"models_by_initiator": [
	{"model": "gpt-5-pro*", "initiators": ["person"]},
	{"model": "o3", "initiators": ["person", "schedule"]},
]}}

facts(who, name) := {
	"caller": {"initiator": who},
	"route": {"names_model": true},
	"request": {"model": name, "models": []},
	"tools": [],
}

denied(facts) if count(initiator.deny) > 0 with input as facts with data.gateway.params as params

test_allow_whom_a_model_is_kept_for if {
	not denied(facts("person", "gpt-5-pro-2025-10-06"))
	not denied(facts("schedule", "o3"))
}

test_deny_what_others_began if {
	denied(facts("schedule", "gpt-5-pro"))
	denied(facts("agent", "gpt-5-pro-2025-10-06"))
	denied(facts("service", "o3"))
	initiator.deny == {{"about": `the model "o3"`}} with input as facts("agent", "o3") with data.gateway.params as params
}

test_allow_models_that_no_entry_names if not denied(facts("agent", "gpt-5"))

test_deny_a_model_in_a_deep_place if {
	denied(object.union(facts("agent", "gpt-5"), {"request": {"models": ["o3"]}}))
	denied(object.union(facts("agent", "gpt-5"), {"tools": [{"model": "o3"}]}))
}

test_deny_a_model_that_is_not_named if {
	denied(facts("agent", null))
	not denied(facts("person", null))
}

test_allow_everything_where_nothing_is_kept if {
	count(initiator.deny) == 0 with input as facts("agent", null) with data.gateway.params as object.union(params, {"lists": {"models_by_initiator": []}})
}

test_deny_when_a_fact_is_missing if {
	denied(object.remove(facts("person", "o3"), ["caller"]))
	denied(object.remove(facts("person", "o3"), ["request"]))
	count(initiator.deny) == 1 with input as facts("person", "gpt-5") with data.gateway.params as {}
}
