package gateway.rules.record.texts_test

import data.gateway.rules.record.texts

params := {"lists": {"record_texts_of_groups": ["watched"]}}

test_record_when_a_group_is_listed if {
	texts.record == {{"texts": "original"}} with input.caller.groups as ["others", "watched"]
		with data.gateway.params as params
}

test_no_record_when_none_is_listed if {
	count(texts.record) == 0 with input.caller.groups as ["others"] with data.gateway.params as params
}

test_no_record_when_fields_are_missing if count(texts.record) == 0 with input as {} with data.gateway.params as params
