# METADATA
# title: Scopes limit a token
# description: |
#   Refuses what a token's scopes do not cover: `model:`, `operation:` and `connection:` scopes name what it is good for,
#   exactly or by a prefix before a `*`. A token without scopes of a kind is not limited in it.
# custom:
#   code: scope_exceeded
#   refusal: 'The token''s scopes do not cover {about}.'
#   remedy: Ask for a token with a scope that covers it.
#   phases: [request]
package gateway.rules.access.scope

deny contains {"about": "a request that can't be told"} if not is_whole

is_whole if {
	is_array(input.caller.scopes)
	is_string(input.operation)
	is_string(input.connection.name)
	is_array(input.request.models)
}

deny contains {"about": input.operation} if not covered("operation:", input.operation)

deny contains {"about": input.connection.name} if not covered("connection:", input.connection.name)

deny contains {"about": name} if {
	some name in models
	not covered("model:", name)
}

# A model that the provider would choose is none that a scope names.
deny contains {"about": "a model that is not named"} if {
	limits("model:") != set()
	not is_string(input.request.model)
	input.route.names_model == true
}

models contains input.request.model if is_string(input.request.model)

models contains name if some name in input.request.models

models contains tool.model if {
	some tool in input.tools
	is_string(tool.model)
}

limits(kind) := {trim_prefix(scope, kind) |
	some scope in input.caller.scopes
	startswith(scope, kind)
}

covered(kind, _) if limits(kind) == set()

covered(kind, name) if name in limits(kind)

covered(kind, name) if {
	some limit in limits(kind)
	endswith(limit, "*")
	startswith(name, trim_suffix(limit, "*"))
}
