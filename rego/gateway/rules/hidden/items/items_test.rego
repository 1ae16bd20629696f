package gateway.rules.hidden.items_test

import data.gateway.rules.hidden.items

test_deny_when_an_item_is_unknown if items.deny == {{"about": "teleport_call"}} with input.request.unknown_items as ["teleport_call"]

test_no_denial_when_all_are_known if count(items.deny) == 0 with input.request.unknown_items as []

test_no_denial_when_fields_are_missing if count(items.deny) == 0 with input as {}
