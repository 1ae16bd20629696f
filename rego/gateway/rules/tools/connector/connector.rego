# METADATA
# title: Connectors are allowed by a list
# description: |
#   Refuses a request that lets the provider use a connector that is not in the list `connectors`.
# custom:
#   code: connector_not_allowed
#   refusal: 'The connector "{about}" is not on the list of those that may be used.'
#   remedy: Use a connector that is allowed, or ask whoever keeps the policy to add this one.
#   phases: [request]
package gateway.rules.tools.connector

import data.gateway.lib.settings

deny contains {"about": tool.connector_id} if {
	some tool in input.tools
	is_string(tool.connector_id)
	not listed(tool)
}

listed(tool) if tool.connector_id in settings.list("connectors")
