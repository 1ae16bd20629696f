package gateway.rules.record.originals_test

import data.gateway.rules.record.originals

params := {"lists": {"masks": [{"class": "email", "with": "token"}, {"class": "phone"}], "originals": ["email"]}}

test_record_of_what_is_masked_and_listed if {
	originals.record == {{"originals": "email"}} with input as {} with data.gateway.params as params
}

test_no_record_when_nothing_is_masked if {
	count(originals.record) == 0 with input as {}
		with data.gateway.params as {"lists": {"masks": [], "originals": ["email"]}}
}

test_no_record_when_an_entry_has_no_class if {
	count(originals.record) == 0 with input as {}
		with data.gateway.params as {"lists": {"masks": [{"with": "token"}], "originals": ["email"]}}
}

test_record_of_fields_when_listed if {
	listed := {"masks": [{"fields": ["ssn"]}, {"class": "phone"}], "originals": ["field"]}
	originals.record == {{"originals": "field"}} with input as {} with data.gateway.params as {"lists": listed}
}

test_no_record_of_fields_when_they_are_not_listed if {
	count(originals.record) == 0 with input as {}
		with data.gateway.params as {"lists": {"masks": [{"fields": ["ssn"]}], "originals": ["email"]}}
}
