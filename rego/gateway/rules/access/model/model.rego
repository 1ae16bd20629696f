# METADATA
# title: Models are allowed by group
# description: |
#   Refuses a model that none of the caller's groups may use, by whole name or by prefix; the model of a hosted tool,
#   such as an image tool's, as well as the request's own.
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

# A tool with a model of its own, such as one that makes images, runs that model.
deny contains {"about": tool.model} if {
	some tool in input.tools
	is_string(tool.model)
	not tool_allowed(tool)
}

default name := ""

name := input.request.model if is_string(input.request.model)

model_allowed if {
	some group in settings.groups
	model_in(input.request.model, group.models)
}

tool_allowed(tool) if {
	some group in settings.groups
	model_in(tool.model, group.models)
}

model_in(asked, models) if asked in models.names

model_in(asked, models) if {
	is_string(asked)
	some prefix in models.prefixes
	startswith(asked, prefix)
}

model_in(asked, models) if {
	models.all == true
	is_string(asked)
}
