# METADATA
# title: SQL that cannot be read to its end is refused
# description: |
#   Refuses a tool call whose SQL is dynamic, too long or unparsable. The parameter `sql.incomplete` says how
#   strictly.
# custom:
#   code: sql_unreadable
#   refusal: Its SQL cannot be read to its end.
#   remedy: Write plain statements in PostgreSQL's syntax, without dynamic SQL.
#   phases: [tool_call]
package gateway.rules.commands.sql_unreadable

deny contains {"call": call.id} if {
	some call in input.calls
	call.sql.incomplete
	not tolerated(call)
}

tolerated(_) if data.gateway.params.sql.incomplete == "never"

tolerated(call) if {
	data.gateway.params.sql.incomplete == "statements"
	count(call.sql.kinds) == 0
}
