package gateway.rules.access.share_test

import data.gateway.rules.access.share

params := {"lists": {"shared_kinds_of_groups": [{"group": "research", "kind": "file"}]}}

shared(groups, operation) := found if {
	found := share.share with input.caller.groups as groups
		with input.operation as operation
		with data.gateway.params as params
}

test_a_listed_group_shares if {
	shared(["developers", "research"], "files.retrieve") == {{"kind": "file", "group": "research"}}
}

test_others_do_not if count(shared(["developers"], "files.retrieve")) == 0

test_deleting_stays_the_owners if count(shared(["research"], "files.delete")) == 0

test_no_share_when_fields_are_missing if count(share.share) == 0 with input as {} with data.gateway.params as params

test_no_share_when_the_operation_is_missing if {
	count(share.share) == 0 with input as {"caller": {"groups": ["research"]}} with data.gateway.params as params
}
