# METADATA
# title: Traces of some groups go to the provider too
# description: |
#   Forwards the traces of a caller that is in a group of the list `forward_traces_of_groups`. Those of all others are
#   kept here only.
# custom:
#   code: traces_forwarded
#   remedy: Ask whoever keeps the policy whose traces go to the provider, and why.
#   phases: [request]
package gateway.rules.record.traces

import data.gateway.lib.settings

forward contains {} if {
	input.operation == "traces.ingest"
	some name in input.caller.groups
	name in settings.list("forward_traces_of_groups")
}
