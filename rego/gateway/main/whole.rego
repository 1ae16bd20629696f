# Written by the build from the METADATA of the rules.
package gateway.main

import data.gateway.lib.decision

# METADATA
# title: The decision for an answer that is read whole, by the rules of all phases but the request
# description: Taken from the input and the data, `v` and `data_rev` leave it undefined where either is missing.
# entrypoint: true
whole := {
	"v": input.v,
	"data_rev": data.gateway.rev,
	"allow": set(),
	"deny": decision.denied(whole_deny),
	"observe": decision.observed(whole_deny),
	"require_approval": decision.softened_to_approval(whole_deny),
	"limit": set(),
	"mask": set(),
	"set": set(),
	"record": set(),
	"label": set(),
	"share": set(),
	"forward": set(),
	"need": set(),
}

whole_deny contains object.union(e, {"code": "shell_destructive"}) if some e in data.gateway.rules.commands.shell_destructive.deny

whole_deny contains object.union(e, {"code": "shell_unreadable"}) if some e in data.gateway.rules.commands.shell_unreadable.deny

whole_deny contains object.union(e, {"code": "sql_destructive"}) if some e in data.gateway.rules.commands.sql_destructive.deny

whole_deny contains object.union(e, {"code": "sql_unreadable"}) if some e in data.gateway.rules.commands.sql_unreadable.deny

whole_deny contains object.union(e, {"code": "agent_tool_not_allowed"}) if some e in data.gateway.rules.tools.agent.deny

whole_deny contains object.union(e, {"code": "call_type_unknown"}) if some e in data.gateway.rules.tools.call_type.deny
