# METADATA
# title: Operations are allowed by group
# description: |
#   Allows the operations that one of the caller's groups may use. Nothing else allows, so that whatever no group is
#   given is refused.
# custom:
#   code: operation_allowed
#   remedy: Ask whoever keeps the policy to put you into a group that may use this operation.
#   phases: [request]
package gateway.rules.access.operation

import data.gateway.lib.settings

allow contains {} if {
	some group in settings.groups
	operation_in(group.operations)
}

operation_in(operations) if input.operation in operations.names

operation_in(operations) if {
	some prefix in operations.prefixes
	startswith(input.operation, prefix)
}

# What the gateway knows nothing of is open only where it is named.
operation_in(operations) if {
	input.operation == "unknown"
	some path in operations.unknown_paths
	path.method == input.route.method
	path.path == input.route.path
}

operation_in(operations) if {
	operations.all == true
	input.operation != "unknown"
}
