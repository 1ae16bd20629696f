# METADATA
# title: Destructive SQL is refused
# description: |
#   Refuses a tool call whose SQL destroys: a statement kind of the list `sql.destructive`, or a DELETE or UPDATE
#   without a condition.
# custom:
#   code: sql_destructive
#   remedy: Delete or change single rows with a WHERE clause; let an administrator run what destroys more.
#   phases: [tool_call]
package gateway.rules.commands.sql_destructive

deny contains {"call": call.id} if {
	some call in input.calls
	some kind in call.sql.kinds
	kind in data.gateway.params.sql.destructive
}

deny contains {"call": call.id} if {
	some call in input.calls
	call.sql.where_missing
}
