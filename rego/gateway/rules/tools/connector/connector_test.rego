package gateway.rules.tools.connector_test

import data.gateway.rules.tools.connector

params := {"lists": {"connectors": ["connector_a"]}}

test_no_denial_when_it_is_listed if {
	count(connector.deny) == 0 with input.tools as [{"connector_id": "connector_a"}]
		with data.gateway.params as params
}

test_deny_when_it_is_not_listed if {
	connector.deny == {{"about": "connector_b"}} with input.tools as [{"connector_id": "connector_b"}]
		with data.gateway.params as params
}

test_deny_when_the_list_is_missing if {
	count(connector.deny) == 1 with input.tools as [{"connector_id": "connector_a"}] with data.gateway.params as {}
}

test_no_denial_without_a_connector if {
	count(connector.deny) == 0 with input.tools as [{"connector_id": null}, {}] with data.gateway.params as params
	count(connector.deny) == 0 with input as {}
}
