# METADATA
# title: Shell commands that cannot be read to their end are refused
# description: |
#   Refuses a tool call whose shell command is built at run time, too long or unparsable. The parameter
#   `shell.incomplete` says how strictly.
# custom:
#   code: shell_unreadable
#   refusal: Its shell command cannot be read to its end.
#   remedy: Write plain commands, without `eval` and without commands that are put together at run time.
#   phases: [tool_call]
package gateway.rules.commands.shell_unreadable

deny contains {"call": call.id} if {
	some call in input.calls
	call.shell.incomplete
	not tolerated(call)
}

tolerated(_) if data.gateway.params.shell.incomplete == "never"

tolerated(call) if {
	data.gateway.params.shell.incomplete == "commands"
	count(call.shell.programs) == 0
}
