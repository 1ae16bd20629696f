# METADATA
# title: Models are allowed by group
# description: |
#   Refuses a model that none of the caller's groups may use, by whole name or by prefix: the request's own, a hosted
#   tool's, such as an image tool's, and every other one that the body names, such as a grader's or what transcribes.
#   Where an operation takes a model and the request names none, the provider's default is asked about.
# custom:
#   code: model_not_allowed
#   refusal: 'Your groups may not use the model "{about}".'
#   remedy: Use a model that your groups may use, or ask whoever keeps the policy to add this one.
#   phases: [request]
package gateway.rules.access.model

import data.gateway.lib.settings

deny contains {"about": about} if {
	not needs_none
	not model_allowed(asked)
}

# A tool with a model of its own, such as one that makes images, runs that model.
deny contains {"about": tool.model} if {
	some tool in input.tools
	is_string(tool.model)
	not model_allowed(tool.model)
}

deny contains {"about": other} if {
	some other in input.request.models
	not model_allowed(other)
}

deny contains {"about": about} if not is_whole

is_whole if is_array(input.request.models)

default asked := null

asked := input.request.model if is_string(input.request.model)

asked := data.gateway.params.default_models[input.operation] if not is_string(input.request.model)

default about := ""

about := asked if is_string(asked)

# Nothing is named where nothing has to be.
needs_none if {
	not is_string(input.request.model)
	input.route.names_model == false
}

needs_none if {
	not is_string(input.request.model)
	input.operation in data.gateway.params.modelless_operations
}

model_allowed(name) if {
	some group in settings.groups
	model_in(name, group.models)
}

model_in(name, models) if name in models.names

model_in(name, models) if {
	is_string(name)
	some prefix in models.prefixes
	startswith(name, prefix)
}

# Whoever may use all models may leave the choice to the provider.
model_in(_, models) if models.all == true
