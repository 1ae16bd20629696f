# METADATA
# title: Prompt injection labels the session, or is refused
# description: |
#   Does what the list `injection` says of a place of the request whose signals have come to a score: labels the session,
#   or refuses the request. Out of the box it only labels: texts about prompt injection have signals too. Own patterns of
#   the class `prompt_injection` label as well.
# custom:
#   code: prompt_injection
#   refusal: A text of the request tries to instruct the model ({about}).
#   remedy: Check what the tools and files of the request say before the model reads it.
#   phases: [request]
package gateway.rules.content.injection

import data.gateway.lib.settings

label contains {"label": "prompt_injection"} if {
	some entry in settings.list("injection")
	entry.effect == "label"
	not below(entry)
}

# tollgate ignore: class_unknown (a policy may have patterns of this class)
label contains {"label": "prompt_injection"} if input.findings.prompt_injection > 0

deny contains {"about": entry.place} if {
	some entry in settings.list("injection")
	entry.effect == "deny"
	not below(entry)
}

below(entry) if object.get(input.injection.places, [entry.place, "score"], 0) < entry.score
