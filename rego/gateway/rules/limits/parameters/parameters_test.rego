package gateway.rules.limits.parameters_test

import data.gateway.rules.limits.parameters

bound := {"parameter": "max_output_tokens", "at_most": 4000}

unstored := {"parameter": "store", "to": false}

params := {"lists": {"set": [
	object.union(bound, {"groups": ["interns"]}),
	object.union(unstored, {"operations": ["responses.create"]}),
]}}

test_set_for_a_group if {
	parameters.set == {bound} with input.caller.groups as ["interns"] with data.gateway.params as params
}

test_set_for_an_operation if {
	parameters.set == {unstored} with input.operation as "responses.create" with data.gateway.params as params
}

test_no_set_when_fields_are_missing if {
	parameters.set == set() with input as {} with data.gateway.params as params
}

test_set_for_everybody if {
	parameters.set == {bound} with input as {} with data.gateway.params.lists.set as [bound]
}
