# METADATA
# title: An agent keeps to its tools
# description: |
#   Refuses a request that offers an agent a tool that is not one of its own, and the call of such a tool: a function by
#   its name, an MCP server as `mcp:` and its label, any other tool by its type.
# custom:
#   code: agent_tool_not_allowed
#   refusal: 'The tool "{about}" is none of this agent''s.'
#   remedy: Leave this tool out, or ask whoever registered the agent to give it this tool.
#   phases: [request, tool_call]
package gateway.rules.tools.agent

import data.gateway.lib.models

deny contains {"about": ""} if not is_whole

is_whole if {
	is_null(input.caller.agent)
}

is_whole if {
	is_array(input.caller.agent.tools)
	is_array(input.tools)
}

deny contains {"about": name} if {
	input.phase == "request"
	some name in {offered(tool) | some tool in input.tools}
	not is_own(name)
}

deny contains {"call": call.id, "about": name} if {
	some call in input.calls
	name := called(call)
	not is_own(name)
}

is_own(_) if is_null(input.caller.agent)

is_own(name) if {
	some tool in input.caller.agent.tools
	models.fits(tool, name)
}

# Of a question whether an MCP server may be called the server is not told: it was decided when it was offered.
is_own("mcp") if {
	some tool in input.caller.agent.tools
	startswith(tool, "mcp:")
}

is_own("computer") if "computer_use_preview" in input.caller.agent.tools

default offered(_) := ""

offered(tool) := tool.name if {
	tool.type in {"function", "custom"}
	is_string(tool.name)
}

offered(tool) := concat(":", ["mcp", tool.server_label]) if tool.type == "mcp"

offered(tool) := tool.type if {
	is_string(tool.type)
	not tool.type in {"function", "custom", "mcp"}
}

default called(_) := ""

called(call) := call.name if {
	call.type in {"function_call", "custom_tool_call"}
	is_string(call.name)
}

called(call) := "mcp" if call.type == "mcp_approval_request"

called(call) := trim_suffix(call.type, "_call") if {
	not call.type in {"function_call", "custom_tool_call", "mcp_approval_request"}
}
