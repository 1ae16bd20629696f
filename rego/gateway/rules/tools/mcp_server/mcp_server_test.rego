package gateway.rules.tools.mcp_server_test

import data.gateway.rules.tools.mcp_server

params := {"lists": {"mcp_servers": [{"host": "mcp.example.com", "label": "docs"}]}}

mcp(host, label, connector) := {
	"type": "mcp", "server_host": host, "server_label": label, "connector_id": connector,
}

denied(tool) if {
	count(mcp_server.deny) > 0 with input.tools as [tool] with data.gateway.params as params
}

test_no_denial_when_host_and_label_are_listed if not denied(mcp("mcp.example.com", "docs", null))

test_deny_another_host if denied(mcp("mcp.example.com.evil.test", "docs", null))

test_deny_names_the_server if {
	mcp_server.deny == {{"about": "mcp.example.com as mail"}} with input.tools as [mcp("mcp.example.com", "mail", null)]
		with data.gateway.params as params
}

test_deny_another_label if denied(mcp("mcp.example.com", "mail", null))

test_deny_without_a_host if denied(mcp(null, "docs", null))

test_deny_a_connector_that_also_has_a_host if denied(mcp("evil.test", "docs", "connector_gmail"))

test_no_denial_of_a_connector if not denied(mcp(null, "docs", "connector_gmail"))

test_no_denial_of_other_tools if not denied({"type": "function"})

test_deny_when_fields_are_missing if denied({"type": "mcp"})

test_no_denial_without_tools if count(mcp_server.deny) == 0 with input as {}
