package gateway.rules.hidden.stored_test

import data.gateway.rules.hidden.stored

params := {"lists": {"hidden": [{"kind": "prompt", "id": "pmpt_1", "version": "2"}]}}

denied(thing) if {
	count(stored.deny) > 0 with input.request.hidden as [thing] with data.gateway.params as params
}

test_no_denial_when_it_is_listed if not denied({"kind": "prompt", "id": "pmpt_1", "version": "2"})

test_deny_another_version if {
	denied({"kind": "prompt", "id": "pmpt_1", "version": "3"})
	denied({"kind": "prompt", "id": "pmpt_1", "version": null})
}

test_deny_another_id if denied({"kind": "prompt", "id": "pmpt_2", "version": "2"})

test_deny_names_it if {
	stored.deny == {{"about": "prompt pmpt_2"}} with input.request.hidden as [{"kind": "prompt", "id": "pmpt_2"}]
		with data.gateway.params as params
}

test_deny_when_its_fields_are_missing if denied({})

test_deny_when_the_list_is_missing if {
	count(stored.deny) == 1 with input.request.hidden as [{"kind": "prompt", "id": "pmpt_1", "version": "2"}]
		with data.gateway.params as {}
}

test_no_denial_when_nothing_is_hidden if {
	count(stored.deny) == 0 with input.request.hidden as [] with data.gateway.params as params
	count(stored.deny) == 0 with input as {}
}
