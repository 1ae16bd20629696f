# METADATA
# title: Files that no rule can read are refused
# description: |
#   Refuses files of which only what can be read by chance was searched (PDF, archives, office documents), but those whose
#   media type begins as one of the list `unread_file_types` does. Off unless an operator's file turns it on.
# custom:
#   code: file_unread
#   refusal: 'A file is no text that could be searched ({about}).'
#   remedy: Send its text, or ask whoever keeps the policy to let files of this type pass.
#   phases: [request]
package gateway.rules.hidden.files

import data.gateway.lib.settings

deny contains {"about": file.field} if {
	some file in input.request.files
	not file.read
	not may(file)
}

may(file) if {
	some type in settings.list("unread_file_types")
	startswith(file.type, type)
}
