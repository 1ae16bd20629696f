package gateway.rules.access.operation_test

import data.gateway.rules.access.operation

params := {"groups": {
	"some": {"operations": {"names": ["responses.create"]}},
	"all": {"operations": {"all": true}},
	"files": {"operations": {"prefixes": ["files."]}},
	"new": {"operations": {"unknown_paths": [{"method": "POST", "path": "/new"}]}},
	"none": {},
}}

allowed(groups, name) if {
	count(operation.allow) > 0 with input as {"caller": {"groups": groups}, "operation": name}
		with data.gateway.params as params
}

test_allow_when_a_group_names_the_operation if allowed(["none", "some"], "responses.create")

test_no_allow_when_no_group_names_it if not allowed(["some"], "responses.delete")

test_allow_when_a_group_may_use_all if allowed(["all"], "files.content")

test_no_allow_when_the_operation_is_unknown if not allowed(["all"], "unknown")

test_allow_when_a_group_has_the_prefix if {
	allowed(["files"], "files.content")
	not allowed(["files"], "vector_stores.files.list")
}

test_allow_an_unknown_path_only_where_it_is_named if {
	allowed_unknown("POST", "/new")
	not allowed_unknown("GET", "/new")
	not allowed_unknown("POST", "/new/thing")
}

allowed_unknown(method, path) if {
	count(operation.allow) > 0 with data.gateway.params as params with input as {
		"caller": {"groups": ["new", "all"]},
		"operation": "unknown",
		"route": {"method": method, "path": path},
	}
}

test_no_allow_without_groups if {
	not allowed([], "responses.create")
	not allowed(["elsewhere", "none"], "responses.create")
}

test_no_allow_when_fields_are_missing if {
	count(operation.allow) == 0 with input as {} with data.gateway.params as params
}
