package gateway.rules.hidden.token_ids_test

import data.gateway.rules.hidden.token_ids

test_deny_when_some_are_left if {
	token_ids.deny == {{"about": "3"}} with input.request.token_ids as 3
}

test_no_denial_when_all_were_read if count(token_ids.deny) == 0 with input.request.token_ids as 0
