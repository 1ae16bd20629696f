package gateway.rules.approval.operation_test

import data.gateway.rules.approval.operation

params := {"lists": {"approve_operations": [
	{"operations": ["fine_tuning.jobs.create", "files.content"]},
	{"operations": ["batches.create"], "groups": ["ci"]},
]}}

asked(name, groups) if {
	count(operation.require_approval) > 0 with input.operation as name
		with input.caller.groups as groups
		with data.gateway.params as params
}

test_ask_about_what_is_listed if {
	asked("fine_tuning.jobs.create", [])
	asked("files.content", ["admins"])
	operation.require_approval == {{"about": "files.content", "question": "May files.content be run?"}} with input.operation as "files.content" with data.gateway.params as params
}

test_ask_about_the_callers_of_a_group if {
	asked("batches.create", ["developers", "ci"])
	not asked("batches.create", ["developers"])
}

test_ask_about_nothing_else if not asked("responses.create", ["ci"])

test_ask_where_the_groups_are_missing if {
	operation.require_approval != set() with input as {"operation": "batches.create"} with data.gateway.params as params
}
