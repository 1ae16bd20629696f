# METADATA
# title: Destructive SQL is refused
# description: |
#   Refuses a tool call whose SQL destroys: a statement kind of the list `sql.destructive` or of one of its prefixes, or a DELETE or UPDATE
#   without a condition.
# custom:
#   code: sql_destructive
#   refusal: 'Its SQL destroys ({about}).'
#   remedy: Delete or change single rows with a WHERE clause; let an administrator run what destroys more.
#   phases: [tool_call]
package gateway.rules.commands.sql_destructive

import data.gateway.lib.settings

# One denial a call, whatever it holds: it may hold many statements.
deny contains {"call": call.id, "about": first} if {
	some call in input.calls
	first := min({kind | some kind in call.sql.kinds; destroys(kind); not tolerated(kind)})
}

deny contains {"call": call.id, "about": "no condition"} if {
	some call in input.calls
	call.sql.where_missing
}

destroys(kind) if kind in data.gateway.params.sql.destructive

destroys(kind) if {
	some prefix in data.gateway.params.sql.destructive_prefixes
	startswith(kind, prefix)
}

tolerated(kind) if kind in settings.list("tolerated_sql")
