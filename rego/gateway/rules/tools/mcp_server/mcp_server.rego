# METADATA
# title: MCP servers are allowed by a list
# description: |
#   Refuses a request that lets the provider call an MCP server whose host and label are not together in the list
#   `mcp_servers`. Connectors have a rule of their own.
# custom:
#   code: mcp_server_not_allowed
#   remedy: Use an MCP server that is allowed, or ask whoever keeps the policy to add this one.
#   phases: [request]
package gateway.rules.tools.mcp_server

import data.gateway.lib.settings

deny contains {} if {
	some tool in input.tools
	tool.type == "mcp"
	not is_connector(tool)
	not listed(tool)
}

is_connector(tool) if {
	is_string(tool.connector_id)
	is_null(tool.server_host)
}

listed(tool) if {"host": tool.server_host, "label": tool.server_label} in settings.list("mcp_servers")
