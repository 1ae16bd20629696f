# METADATA
# title: Destructive shell commands are refused
# description: |
#   Refuses a tool call whose shell command destroys: `rm -rf`, `mkfs`, `dd` onto a device, a fork bomb, a download
#   piped into a shell and their like.
# custom:
#   code: shell_destructive
#   refusal: 'Its shell command destroys ({about}).'
#   remedy: Remove single files by name; let an administrator run what destroys more.
#   phases: [tool_call]
package gateway.rules.commands.shell_destructive

import data.gateway.lib.settings

# One denial a call, whatever it holds: it may hold many.
deny contains {"call": call.id, "about": first} if {
	some call in input.calls
	first := min({danger | some danger in call.shell.dangers; not tolerated(danger)})
}

tolerated(danger) if danger in settings.list("tolerated_shell")
