package gateway.rules.hidden.media_test

import data.gateway.rules.hidden.media

params := {
	"unseen_media_operations": ["realtime.calls.create"],
	"lists": {"unseen_media_groups": ["telephony"]},
}

denied(operation, groups) if {
	count(media.deny) > 0 with data.gateway.params as params with input as {
		"operation": operation,
		"caller": {"groups": groups},
	}
}

test_deny_a_call_that_runs_past_the_gateway if denied("realtime.calls.create", ["admins"])

test_no_denial_for_a_group_that_is_listed if not denied("realtime.calls.create", ["admins", "telephony"])

test_no_denial_of_what_the_gateway_carries if not denied("realtime.connect", ["admins"])

test_deny_without_groups if denied("realtime.calls.create", [])
