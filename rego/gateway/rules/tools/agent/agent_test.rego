package gateway.rules.tools.agent_test

import data.gateway.rules.tools.agent

request(own, tools) := {
	"phase": "request",
	"caller": {"agent": {"name": "a", "owner": "ada", "purpose": "tests", "tools": own}},
	"tools": tools,
}

calling(own, type, name) := object.union(request(own, []), {
	"phase": "tool_call",
	"calls": [{"id": "call_1", "type": type, "name": name}],
})

denied(facts) if count(agent.deny) > 0 with input as facts

function := {"type": "function", "name": "look_up", "server_label": null}

mcp := {"type": "mcp", "name": null, "server_label": "docs"}

test_no_denial_of_others if {
	not denied({"phase": "request", "caller": {"agent": null}, "tools": [function]})
	not denied({"phase": "whole", "caller": {"agent": null}, "calls": [{"id": "1", "type": "shell_call"}]})
}

test_allow_the_agents_own if {
	not denied(request([], []))
	not denied(request(["look_up"], [function]))
	not denied(request(["look_*"], [function]))
	not denied(request(["mcp:docs"], [mcp]))
	not denied(request(["web_search"], [{"type": "web_search", "name": null}]))
	not denied(request(["*"], [function, mcp, {"type": "shell"}]))
}

test_deny_what_is_none_of_its_own if {
	agent.deny == {{"about": "look_up"}} with input as request([], [function])
	denied(request(["look"], [function]))
	denied(request(["docs", "mcp:other"], [mcp]))
	denied(request(["function"], [function]))
	denied(request(["look_up"], [function, {"type": "shell"}]))
}

test_deny_a_tool_without_a_name if {
	denied(request(["look_up"], [{"type": "function", "name": null}]))
	denied(request(["look_up"], [{"type": "mcp", "server_label": null}]))
	denied(request(["look_up"], [{}]))
}

test_allow_calls_of_its_own if {
	not denied(calling(["look_up"], "function_call", "look_up"))
	not denied(calling(["look_up"], "custom_tool_call", "look_up"))
	not denied(calling(["shell"], "shell_call", null))
	not denied(calling(["computer_use_preview"], "computer_call", null))
	not denied(calling(["computer"], "computer_call", null))
	not denied(calling(["mcp:docs"], "mcp_approval_request", "search"))
}

test_deny_calls_of_others if {
	agent.deny == {{"call": "call_1", "about": "drop_all"}} with input as calling(["look_up"], "function_call", "drop_all")
	denied(calling(["look_up"], "function_call", null))
	denied(calling(["look_up"], "shell_call", null))
	denied(calling(["look_up"], "mcp_approval_request", "look_up"))
	denied(calling(["function"], "function_call", "look_up"))
}

test_deny_when_a_fact_is_missing if {
	denied({"phase": "request", "tools": [function]})
	denied({"phase": "request", "caller": {"agent": {"tools": null}}, "tools": []})
	denied(object.remove(request(["*"], []), ["tools"]))
}
