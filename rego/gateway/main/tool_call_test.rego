# Written by the build from the METADATA of the rules.
package gateway.main.tool_call_test

import data.gateway.main

test_deny_of_shell_destructive_is_collected if {
	main.tool_call_deny[{"code": "shell_destructive", "fact": "given"}] with data.gateway.rules.commands.shell_destructive.deny as {{"fact": "given"}}
}

test_deny_of_shell_unreadable_is_collected if {
	main.tool_call_deny[{"code": "shell_unreadable", "fact": "given"}] with data.gateway.rules.commands.shell_unreadable.deny as {{"fact": "given"}}
}

test_deny_of_sql_destructive_is_collected if {
	main.tool_call_deny[{"code": "sql_destructive", "fact": "given"}] with data.gateway.rules.commands.sql_destructive.deny as {{"fact": "given"}}
}

test_deny_of_sql_unreadable_is_collected if {
	main.tool_call_deny[{"code": "sql_unreadable", "fact": "given"}] with data.gateway.rules.commands.sql_unreadable.deny as {{"fact": "given"}}
}

test_deny_of_agent_tool_not_allowed_is_collected if {
	main.tool_call_deny[{"code": "agent_tool_not_allowed", "fact": "given"}] with data.gateway.rules.tools.agent.deny as {{"fact": "given"}}
}

test_deny_of_call_type_unknown_is_collected if {
	main.tool_call_deny[{"code": "call_type_unknown", "fact": "given"}] with data.gateway.rules.tools.call_type.deny as {{"fact": "given"}}
}
