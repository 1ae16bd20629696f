package gateway.rules.access.model_test

import data.gateway.rules.access.model

params := {
	"model_operations": ["responses.create"],
	"groups": {
		"some": {"models": {"names": ["o1"], "prefixes": ["gpt-", "o1-"]}},
		"all": {"models": {"all": true}},
	},
}

denied(groups, name) if {
	count(model.deny) > 0 with input as facts(groups, name) with data.gateway.params as params
}

facts(groups, name) := {
	"operation": "responses.create",
	"caller": {"groups": groups},
	"request": {"model": name},
}

test_allow_when_a_group_names_the_model if not denied(["some"], "o1")

test_allow_when_a_group_has_the_prefix if {
	not denied(["some"], "gpt-4.1-mini")
	not denied(["elsewhere", "some"], "o1-pro")
}

test_deny_when_neither_name_nor_prefix_fits if {
	denied(["some"], "o1x")
	denied(["some"], "omni-moderation-latest")
	denied(["some"], "GPT-4.1")
}

test_allow_any_model_when_a_group_may_use_all if not denied(["all"], "anything")

test_deny_without_a_model if {
	denied(["all"], null)
	denied(["some"], null)
}

test_deny_without_groups if denied([], "gpt-4.1")

test_no_denial_when_the_operation_names_no_model if {
	count(model.deny) == 0 with input as {"operation": "responses.retrieve"}
		with data.gateway.params as params
}

test_deny_a_model_that_another_operation_names if {
	count(model.deny) > 0 with data.gateway.params as params with input as {
		"operation": "embeddings.create",
		"caller": {"groups": ["some"]},
		"request": {"model": "text-embedding-3-small"},
	}
}

test_deny_names_the_model if {
	model.deny == {{"about": "o1x"}} with input as facts(["some"], "o1x") with data.gateway.params as params
	model.deny == {{"about": ""}} with input as facts(["some"], null) with data.gateway.params as params
}

image(name) := {"type": "image_generation", "model": name}

test_deny_a_tool_whose_model_no_group_has if {
	model.deny == {{"about": "dall-e-3"}} with input as object.union(
		facts(["some"], "o1"),
		{"tools": [image("dall-e-3"), image("gpt-image-1"), image(null), {"type": "web_search"}]},
	)
		with data.gateway.params as params
}

test_allow_a_tool_with_any_model_when_a_group_may_use_all if {
	count(model.deny) == 0 with input as object.union(facts(["all"], "o1"), {"tools": [image("dall-e-3")]})
		with data.gateway.params as params
}

test_deny_a_tool_with_a_model_without_groups if {
	model.deny == {{"about": "gpt-image-1"}} with input as {"tools": [image("gpt-image-1")], "caller": {"groups": []}}
		with data.gateway.params as params
}

test_deny_when_fields_are_missing if {
	count(model.deny) > 0 with input as {"operation": "responses.create"} with data.gateway.params as params
}
