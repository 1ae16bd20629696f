package gateway.rules.tools.mcp_approval_test

import data.gateway.rules.tools.mcp_approval

params := {"lists": {"mcp_approvals": ["always"]}}

denied(approval) if {
	count(mcp_approval.deny) > 0 with input.tools as [{"type": "mcp", "require_approval": approval}]
		with data.gateway.params as params
}

test_no_denial_when_it_always_asks if {
	not denied("always")
	not denied(null)
}

test_deny_when_it_does_not_always_ask if {
	denied("never")
	denied("mixed")
}

test_deny_names_the_server if {
	tool := {"type": "mcp", "server_label": "docs", "require_approval": "never"}
	mcp_approval.deny == {{"about": "docs"}} with input.tools as [tool] with data.gateway.params as params
}

test_deny_when_fields_are_missing if {
	count(mcp_approval.deny) == 1 with input.tools as [{"type": "mcp"}] with data.gateway.params as params
}

test_no_denial_of_other_tools if {
	count(mcp_approval.deny) == 0 with input.tools as [{"type": "function", "require_approval": null}]
	count(mcp_approval.deny) == 0 with input as {}
}
