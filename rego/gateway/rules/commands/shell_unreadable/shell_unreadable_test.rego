package gateway.rules.commands.shell_unreadable_test

import data.gateway.rules.commands.shell_unreadable

call(programs, incomplete) := {"id": "1", "shell": {"programs": programs, "incomplete": incomplete}}

denied(strictness, call) if {
	count(shell_unreadable.deny) > 0 with input.calls as [call]
		with data.gateway.params.shell.incomplete as strictness
}

test_deny_always if denied("always", call([], true))

test_deny_where_a_program_was_recognised if {
	denied("commands", call(["eval"], true))
	not denied("commands", call([], true))
}

test_no_denial_when_it_is_tolerated if not denied("never", call(["eval"], true))

test_no_denial_when_it_was_read if not denied("always", call(["ls"], false))

test_deny_when_the_strictness_is_missing if {
	count(shell_unreadable.deny) == 1 with input.calls as [call([], true)] with data.gateway.params as {}
}

test_no_denial_without_shell if {
	not denied("always", {"id": "1", "shell": null})
	count(shell_unreadable.deny) == 0 with input as {}
}
