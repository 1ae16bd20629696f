# METADATA
# title: MCP servers are allowed by a list
# description: |
#   Refuses a request that lets the provider call an MCP server whose host and label are not together in the list
#   `mcp_servers`. Connectors have a rule of their own.
# custom:
#   code: mcp_server_not_allowed
#   refusal: 'The MCP server "{about}" is not on the list of those that may be called.'
#   remedy: Use an MCP server that is on the list, under the label that stands there, or ask whoever keeps the policy to add this one.
#   phases: [request]
package gateway.rules.tools.mcp_server

import data.gateway.lib.settings

deny contains {"about": name(tool)} if {
	some tool in input.tools
	tool.type == "mcp"
	not is_connector(tool)
	not listed(tool)
}

name(tool) := $"{tool.server_host} as {tool.server_label}" if {
	is_string(tool.server_host)
	is_string(tool.server_label)
} else := ""

is_connector(tool) if {
	is_string(tool.connector_id)
	is_null(tool.server_host)
}

listed(tool) if {"host": tool.server_host, "label": tool.server_label} in settings.list("mcp_servers")
