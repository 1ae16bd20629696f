# METADATA
# title: Models by who began it
# description: |
#   Refuses a model that the list `models_by_initiator` keeps for others than began this: a person, a schedule, a
#   service, an agent.
# custom:
#   code: initiator_not_allowed
#   refusal: 'What began this may not use {about}.'
#   remedy: Have a person begin it, or ask whoever keeps the policy who may begin what uses this model.
#   phases: [request]
package gateway.rules.access.initiator

import data.gateway.lib.models
import data.gateway.lib.settings

deny contains {"about": "a request that can't be told"} if not is_whole

is_whole if {
	is_string(input.caller.initiator)
	is_array(input.request.models)
	is_array(settings.list("models_by_initiator"))
	is_array(data.gateway.params.stored_model_operations)
}

deny contains {"about": $"the model \"{name}\""} if {
	some name in models.named
	some entry in closed
	models.fits(entry.model, name)
}

# What the provider would choose may be any.
deny contains {"about": "a model that is not named"} if {
	models.is_left_open
	count(closed) > 0
}

# The entries that keep their models for others.
closed contains entry if {
	some entry in settings.list("models_by_initiator")
	not input.caller.initiator in entry.initiators
}
