package gateway.rules.limits.bounds_test

import data.gateway.rules.limits.bounds

test_no_denial_when_the_facts_are_whole if count(bounds.deny) == 0 with input.request.truncated as false

test_deny_when_the_facts_are_truncated if count(bounds.deny) == 1 with input.request.truncated as true

test_deny_when_fields_are_missing if count(bounds.deny) == 1 with input as {}
