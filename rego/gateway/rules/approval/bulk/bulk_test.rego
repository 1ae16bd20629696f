package gateway.rules.approval.bulk_test

import data.gateway.rules.approval.bulk

params := {"lists": {"approve_findings": [
	{"class": "email", "at_least": 3},
	{"class": "phone", "at_least": 1, "groups": ["ci"]},
]}}

facts(findings) := {"caller": {"groups": ["developers"]}, "findings": findings}

asked(facts) if count(bulk.require_approval) > 0 with input as facts with data.gateway.params as params

test_ask_about_as_many_as_listed if {
	asked(facts({"email": 3}))
	asked(facts({"email": 40}))
	bulk.require_approval == {{"about": "email", "question": "May so many values of this class go out?"}} with input as facts({"email": 3}) with data.gateway.params as params
}

test_ask_about_no_fewer_and_no_others if {
	not asked(facts({"email": 2, "ip_address": 90}))
	not asked(facts({"phone": 5}))
	not asked(facts({}))
}

test_ask_where_the_findings_are_missing if asked({"caller": {"groups": []}})
