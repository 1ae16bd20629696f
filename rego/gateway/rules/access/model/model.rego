# METADATA
# title: Models are allowed by group
# description: |
#   Refuses a model that none of the caller's groups may use, by whole name or by prefix.
# custom:
#   code: model_not_allowed
#   refusal: 'Your groups may not use the model "{about}".'
#   remedy: Use a model that your groups may use, or ask whoever keeps the policy to add this one.
#   phases: [request]
package gateway.rules.access.model

import data.gateway.lib.settings

deny contains {"about": name} if {
	input.operation in data.gateway.params.model_operations
	not model_allowed
}

deny contains {"about": name} if {
	is_string(input.request.model)
	not model_allowed
}

default name := ""

name := input.request.model if is_string(input.request.model)

model_allowed if {
	some group in settings.groups
	model_in(group.models)
}

model_in(models) if input.request.model in models.names

model_in(models) if {
	is_string(input.request.model)
	some prefix in models.prefixes
	startswith(input.request.model, prefix)
}

model_in(models) if {
	models.all == true
	is_string(input.request.model)
}
