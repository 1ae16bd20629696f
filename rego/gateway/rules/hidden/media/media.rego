# METADATA
# title: Calls whose sound and tools run past the gateway are refused
# description: |
#   Refuses what opens a call between the program and the provider that the gateway does not carry: what is said in it,
#   and what its tools do, no rule would see. The list `unseen_media_groups` names groups that may do so all the same.
# custom:
#   code: media_unseen
#   refusal: 'The operation opens a call that runs past the gateway.'
#   remedy: Connect by WebSocket, which the gateway carries, or ask whoever keeps the policy to allow your group.
#   phases: [request]
package gateway.rules.hidden.media

import data.gateway.lib.settings

deny contains {} if {
	input.operation in data.gateway.params.unseen_media_operations
	not may
}

may if {
	some group in input.caller.groups
	group in settings.list("unseen_media_groups")
}
