package gateway.rules.record.traces_test

import data.gateway.rules.record.traces

params := {"lists": {"forward_traces_of_groups": ["open"]}}

test_forward_when_a_group_is_listed if {
	count(traces.forward) == 1 with input.caller.groups as ["others", "open"]
		with input.operation as "traces.ingest"
		with data.gateway.params as params
}

test_no_forward_when_none_is_listed if {
	count(traces.forward) == 0 with input.caller.groups as ["others"]
		with input.operation as "traces.ingest"
		with data.gateway.params as params
}

test_no_forward_of_anything_else if {
	count(traces.forward) == 0 with input.caller.groups as ["open"]
		with input.operation as "responses.create"
		with data.gateway.params as params
}
