# METADATA
# title: Instructions that cannot be seen are refused
# description: |
#   Refuses stored prompts, assistants and workflows whose instructions and tools the gateway cannot see, unless
#   kind, id and version stand in the list `hidden`.
# custom:
#   code: hidden_not_allowed
#   remedy: Send the instructions in the request, or ask whoever keeps the policy to allow this id and version.
#   phases: [request]
package gateway.rules.hidden.stored

import data.gateway.lib.settings

deny contains {} if {
	some thing in input.request.hidden
	not listed(thing)
}

listed(thing) if thing in settings.list("hidden")
