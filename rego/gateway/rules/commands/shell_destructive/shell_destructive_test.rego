package gateway.rules.commands.shell_destructive_test

import data.gateway.rules.commands.shell_destructive

test_deny_only_the_call_that_destroys if {
	shell_destructive.deny == {{"call": "2", "about": "rm_recursive_force"}} with input.calls as [
		{"id": "1", "shell": {"dangers": []}},
		{"id": "2", "shell": {"dangers": ["rm_recursive_force"]}},
	]
}

test_deny_unless_every_danger_is_tolerated if {
	calls := [{"id": "1", "shell": {"dangers": ["a"]}}, {"id": "2", "shell": {"dangers": ["a", "b"]}}]
	shell_destructive.deny == {{"call": "2", "about": "b"}} with input.calls as calls
		with data.gateway.params.lists.tolerated_shell as ["a"]
}

test_deny_when_the_list_of_tolerated_is_missing if {
	shell_destructive.deny == {{"call": "1", "about": "a"}} with input.calls as [{"id": "1", "shell": {"dangers": ["a"]}}]
		with data.gateway.params as {}
}

test_no_denial_without_shell if {
	count(shell_destructive.deny) == 0 with input.calls as [{"id": "1", "shell": null}, {"id": "2"}]
	count(shell_destructive.deny) == 0 with input as {}
}
