# METADATA
# title: Types of tools are allowed by a list
# description: |
#   Refuses a request that offers a tool of a type that is not in the list `tool_types`.
# custom:
#   code: tool_type_not_allowed
#   refusal: 'Tools of the type "{about}" may not be offered.'
#   remedy: Leave this tool out, or ask whoever keeps the policy to allow its type.
#   phases: [request]
package gateway.rules.tools.type

import data.gateway.lib.settings

deny contains {"about": name(type)} if {
	# The distinct types, because a request with many tools has few of them.
	some type in {object.get(tool, "type", "") | some tool in input.tools}
	not listed(type)
}

name(type) := type if is_string(type)

else := ""

listed(type) if type in settings.list("tool_types")
