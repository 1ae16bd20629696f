# Written by scripts/build-bundle from the METADATA of the rules.
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
	"need": set(),
}

whole_deny := union({
	decision.coded("shell_destructive", data.gateway.rules.commands.shell_destructive.deny),
	decision.coded("shell_unreadable", data.gateway.rules.commands.shell_unreadable.deny),
	decision.coded("sql_destructive", data.gateway.rules.commands.sql_destructive.deny),
	decision.coded("sql_unreadable", data.gateway.rules.commands.sql_unreadable.deny),
	decision.coded("call_type_unknown", data.gateway.rules.tools.call_type.deny),
})
