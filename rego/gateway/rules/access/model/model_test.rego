package gateway.rules.access.model_test

import data.gateway.rules.access.model

params := {
	"default_models": {"moderations.create": "omni-moderation-latest", "images.variations": "dall-e-2"},
	"modelless_operations": ["realtime.connect"],
	"groups": {
		"some": {"models": {"names": ["o1"], "prefixes": ["gpt-", "o1-", "omni-moderation-"]}},
		"all": {"models": {"all": true}},
	},
}

denied(groups, name) if {
	count(model.deny) > 0 with input as facts(groups, name) with data.gateway.params as params
}

facts(groups, name) := {
	"operation": "responses.create",
	"route": {"names_model": true},
	"caller": {"groups": groups},
	"request": {"model": name, "models": []},
}

of(operation, groups) := object.union(facts(groups, null), {"operation": operation})

naming(groups, others) := object.union(facts(groups, "gpt-5"), {"request": {"models": others}})

test_allow_when_a_group_names_the_model if not denied(["some"], "o1")

test_allow_when_a_group_has_the_prefix if {
	not denied(["some"], "gpt-4.1-mini")
	not denied(["elsewhere", "some"], "o1-pro")
}

test_deny_when_neither_name_nor_prefix_fits if {
	denied(["some"], "o1x")
	denied(["some"], "text-embedding-3-small")
	denied(["some"], "GPT-4.1")
}

test_allow_any_model_when_a_group_may_use_all if not denied(["all"], "anything")

test_deny_without_a_model if {
	denied(["some"], null)
	denied([], null)
}

test_allow_the_provider_to_choose_when_a_group_may_use_all if not denied(["all"], null)

test_deny_without_groups if denied([], "gpt-4.1")

test_no_denial_when_the_operation_names_no_model if {
	count(model.deny) == 0 with data.gateway.params as params with input as {
		"operation": "responses.retrieve",
		"route": {"names_model": false},
		"request": {"model": null, "models": []},
	}
}

test_no_denial_when_the_model_was_decided_elsewhere if {
	count(model.deny) == 0 with input as of("realtime.connect", ["some"]) with data.gateway.params as params
}

test_the_default_of_the_provider_is_asked_about if {
	count(model.deny) == 0 with input as of("moderations.create", ["some"]) with data.gateway.params as params
	model.deny == {{"about": "dall-e-2"}} with input as of("images.variations", ["some"])
		with data.gateway.params as params
	model.deny == {{"about": ""}} with input as of("images.generations", ["some"]) with data.gateway.params as params
}

test_deny_a_model_that_an_operation_names_besides if {
	count(model.deny) > 0 with data.gateway.params as params with input as {
		"operation": "assistants.update",
		"route": {"names_model": false},
		"caller": {"groups": ["some"]},
		"request": {"model": "text-embedding-3-small", "models": []},
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
	model.deny == {{"about": "gpt-5"}, {"about": "gpt-image-1"}} with data.gateway.params as params
		with input as object.union(facts([], "gpt-5"), {"tools": [image("gpt-image-1")]})
}

test_deny_a_model_that_stands_elsewhere_in_the_body if {
	model.deny == {{"about": "whisper-1"}} with data.gateway.params as params
		with input as naming(["some"], ["gpt-4o", "whisper-1"])
}

test_allow_a_model_elsewhere_that_a_group_has if {
	count(model.deny) == 0 with data.gateway.params as params with input as naming(["some"], ["gpt-4o-transcribe"])
	count(model.deny) == 0 with data.gateway.params as params with input as naming(["all"], ["whisper-1"])
}

test_deny_when_fields_are_missing if {
	count(model.deny) > 0 with input as {"operation": "responses.create"} with data.gateway.params as params
	model.deny == {{"about": ""}} with data.gateway.params as params
		with input as {"operation": "responses.retrieve", "route": {"names_model": false}}
}
