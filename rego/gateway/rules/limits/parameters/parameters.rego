# METADATA
# title: Parameters are set
# description: |
#   Sets, bounds or leaves out parameters of requests as the list `set` says: `groups` for whose callers (absent: all),
#   `operations` in which operations (absent: all).
# custom:
#   code: parameters_set
#   remedy: Send the parameter as policy wants it, or ask whoever keeps the policy.
#   phases: [request]
package gateway.rules.limits.parameters

import data.gateway.lib.settings

set contains object.remove(entry, ["groups", "operations"]) if {
	some entry in settings.list("set")
	is_for_caller(entry)
	is_for_operation(entry)
}

is_for_caller(entry) if not entry.groups

is_for_caller(entry) if {
	some group in entry.groups
	group in input.caller.groups
}

is_for_operation(entry) if not entry.operations

is_for_operation(entry) if input.operation in entry.operations
