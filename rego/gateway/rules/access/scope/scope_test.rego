package gateway.rules.access.scope_test

import data.gateway.rules.access.scope

facts(scopes) := {
	"operation": "responses.create",
	"connection": {"name": "openai"},
	"route": {"names_model": true},
	"caller": {"scopes": scopes},
	"request": {"model": "gpt-4.1", "models": []},
	"tools": [],
}

denied(facts) if count(scope.deny) > 0 with input as facts

with_request(scopes, request) := object.union(facts(scopes), {"request": request})

test_allow_without_scopes if not denied(facts([]))

test_allow_scopes_of_other_kinds if not denied(facts(["openid", "reports"]))

test_allow_what_is_named if {
	not denied(facts(["model:gpt-4.1", "operation:responses.create", "connection:openai"]))
	not denied(facts(["model:gpt-*", "operation:responses.*", "connection:*"]))
	not denied(facts(["model:o3", "model:gpt-4.1"]))
}

test_deny_another_model if {
	denied(facts(["model:gpt-4"]))
	denied(facts(["model:GPT-4.1"]))
	denied(facts(["model:gpt-4.1-*"]))
}

test_deny_another_operation if denied(facts(["operation:models.list"]))

test_deny_another_connection if denied(facts(["connection:sandbox"]))

test_deny_a_model_in_a_deep_place if denied(with_request(["model:gpt-4.1"], {"models": ["o3"]}))

test_deny_a_tool_s_model if {
	denied(object.union(facts(["model:gpt-4.1"]), {"tools": [{"model": "gpt-image-1"}]}))
}

test_deny_a_model_that_is_not_named if {
	denied(with_request(["model:gpt-4.1"], {"model": null}))
	not denied(with_request(["operation:*"], {"model": null}))
}

test_deny_when_a_fact_is_missing if {
	denied(object.remove(facts([]), ["operation"]))
	denied(object.remove(facts([]), ["connection"]))
	denied(object.remove(facts([]), ["request"]))
	denied(object.remove(facts([]), ["caller"]))
	denied(object.union(facts([]), {"caller": {"scopes": null}}))
}
