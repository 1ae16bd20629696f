# METADATA
# title: Originals of masked values are shown to auditors
# description: |
#   Refuses to show what was masked in an exchange to everybody but the groups in the list `reveal_groups`, whatever other
#   operations they may use.
# custom:
#   code: reveal_not_allowed
#   refusal: 'The originals of masked values are not yours to reveal.'
#   remedy: Ask somebody who may, out of the box a member of the group auditors.
#   phases: [request]
package gateway.rules.access.reveal

import data.gateway.lib.settings

deny contains {} if {
	input.operation == "exchanges.reveal"
	not may
}

may if {
	some group in input.caller.groups
	group in settings.list("reveal_groups")
}
