# METADATA
# title: MCP tools that run without asking are refused
# description: |
#   Refuses an MCP tool that the provider may run before anybody was asked. Only what stands in the list
#   `mcp_approvals` may be written; where nothing is written the provider asks always.
# custom:
#   code: mcp_approval_never
#   refusal: 'The MCP server "{about}" would be called without asking.'
#   remedy: Set `require_approval` to `always` and approve the calls in your program.
#   phases: [request]
package gateway.rules.tools.mcp_approval

import data.gateway.lib.settings

deny contains {"about": label(tool)} if {
	some tool in input.tools
	tool.type == "mcp"
	not asks(tool)
}

label(tool) := tool.server_label if is_string(tool.server_label)

else := ""

asks(tool) if is_null(tool.require_approval)

asks(tool) if tool.require_approval in settings.list("mcp_approvals")
