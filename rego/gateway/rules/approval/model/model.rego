# METADATA
# title: Models that wait for a person
# description: |
#   Asks people before a request goes out that would run a model of the list `approve_models`, an expensive one for
#   instance, wherever the model is named; and before one that leaves the model open, where the list is not empty.
# custom:
#   code: model_needs_approval
#   refusal: 'A person has to agree to {about} first.'
#   remedy: Use a model that needs nobody's word, or say what it is for to whoever answers.
#   phases: [request]
package gateway.rules.approval.model

import data.gateway.lib.models
import data.gateway.lib.settings

require_approval contains {"about": name, "question": "May this request run this model?"} if {
	some name in models.named
	some entry in settings.list("approve_models")
	models.fits(entry.model, name)
	settings.is_for_caller(entry)
}

# What the provider would choose may be any.
require_approval contains {"about": "a model that is not named", "question": "May this request run any model?"} if {
	models.is_left_open
	some entry in settings.list("approve_models")
	settings.is_for_caller(entry)
}
