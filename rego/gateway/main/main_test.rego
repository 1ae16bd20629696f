package gateway.main_test

import data.gateway.main

facts := {
	"v": 1,
	"caller": {"groups": ["developers"], "scopes": [], "agent": null, "initiator": "service"},
	"connection": {"name": "openai", "labels": []},
	"operation": "responses.create",
	"request": {
		"model": "gpt-4.1",
		"models": [],
		"tokens": {"count": 10, "exact": false},
		"hidden": [],
		"unknown_items": [],
		"truncated": false,
	},
	"tools": [],
	"findings": {},
	"calls": [{"id": "call_1", "type": "function_call", "sql": null, "shell": null}],
}

drops_a_database := {"id": "call_2", "type": "function_call", "sql": {"kinds": ["drop_database"]}}

test_developers_may_ask_the_usual_models if {
	decision := main.request with input as facts with data.gateway.rev as "r"
	decision.allow == {{"code": "operation_allowed"}}
	decision.deny == set()
}

test_developers_may_not_ask_other_models if {
	decision := main.request with input as facts with data.gateway.rev as "r" with input.request.model as "davinci-002"
	decision.deny == {{"code": "model_not_allowed", "about": "davinci-002"}}
}

test_nothing_allows_an_unknown_operation if {
	decision := main.request with input as facts with data.gateway.rev as "r"
		with input.operation as "unknown"
		with input.caller.groups as ["admins", "developers"]
	decision.allow == set()
}

test_a_call_that_drops_a_database_is_denied_in_both_ways_of_answering if {
	some phase in {"tool_call", "whole"}
	decision := main[phase] with input as facts with data.gateway.rev as "r" with input.calls as [drops_a_database]
	decision.deny == {{"code": "sql_destructive", "call": "call_2", "about": "drop_database"}}
}

test_every_phase_decides_only_with_input_and_data if {
	every phase in ["request", "answer", "finding", "tool_call", "end", "whole"] {
		main[phase].v == 1 with input as facts with data.gateway.rev as "r"
		not main[phase] with input as {} with data.gateway.rev as "r"
		not main[phase] with input as facts
	}
}
