# METADATA
# title: Instructions that cannot be seen are refused
# description: |
#   Refuses stored prompts, assistants and workflows whose instructions and tools the gateway cannot see, unless
#   kind, id and version stand in the list `hidden`.
# custom:
#   code: hidden_not_allowed
#   refusal: 'The request uses instructions that the gateway cannot see ({about}).'
#   remedy: Send the instructions in the request, or ask whoever keeps the policy to allow this id and version.
#   phases: [request]
package gateway.rules.hidden.stored

import data.gateway.lib.settings

deny contains {"about": name(thing)} if {
	some thing in input.request.hidden
	not listed(thing)
}

name(thing) := $"{thing.kind} {thing.id}" if {
	is_string(thing.kind)
	is_string(thing.id)
} else := ""

listed(thing) if thing in settings.list("hidden")
