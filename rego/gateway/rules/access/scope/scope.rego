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

import data.gateway.lib.models

deny contains {"about": "a request that can't be told"} if not is_whole

is_whole if {
	is_array(input.caller.scopes)
	is_string(input.operation)
	is_string(input.connection.name)
	is_array(input.request.models)
	is_array(data.gateway.params.stored_model_operations)
}

deny contains {"about": input.operation} if not covered("operation:", input.operation)

deny contains {"about": input.connection.name} if not covered("connection:", input.connection.name)

deny contains {"about": name} if {
	some name in models.named
	not covered("model:", name)
}

# A model that the provider would choose is none that a scope names.
deny contains {"about": "a model that is not named"} if {
	limits("model:") != set()
	models.is_left_open
}

limits(kind) := {trim_prefix(scope, kind) |
	some scope in input.caller.scopes
	startswith(scope, kind)
}

covered(kind, _) if limits(kind) == set()

covered(kind, name) if {
	some limit in limits(kind)
	models.fits(limit, name)
}
