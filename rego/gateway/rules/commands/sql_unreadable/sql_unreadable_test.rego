package gateway.rules.commands.sql_unreadable_test

import data.gateway.rules.commands.sql_unreadable

call(kinds, incomplete) := {"id": "1", "sql": {"kinds": kinds, "incomplete": incomplete}}

denied(strictness, call) if {
	count(sql_unreadable.deny) > 0 with input.calls as [call]
		with data.gateway.params.sql.incomplete as strictness
}

test_deny_always if denied("always", call([], true))

test_deny_where_a_statement_was_recognised if {
	denied("statements", call(["do"], true))
	not denied("statements", call([], true))
}

test_no_denial_when_it_is_tolerated if not denied("never", call(["do"], true))

test_no_denial_when_it_was_read if not denied("always", call(["do"], false))

test_deny_when_the_strictness_is_missing if {
	count(sql_unreadable.deny) == 1 with input.calls as [call([], true)] with data.gateway.params as {}
}

test_no_denial_without_sql if {
	not denied("always", {"id": "1", "sql": null})
	count(sql_unreadable.deny) == 0 with input as {}
}
