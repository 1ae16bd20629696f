# METADATA
# title: Texts of some groups are recorded
# description: |
#   Records the texts of a caller that is in a group of the list `record_texts_of_groups`, sealed. Of all others
#   only facts are recorded.
# custom:
#   code: record_texts
#   remedy: Ask whoever keeps the policy whose texts are recorded, and why.
#   phases: [request]
package gateway.rules.record.texts

import data.gateway.lib.settings

record contains {"texts": "original"} if {
	some name in input.caller.groups
	name in settings.list("record_texts_of_groups")
}
