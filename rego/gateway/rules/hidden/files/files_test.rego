package gateway.rules.hidden.files_test

import data.gateway.rules.hidden.files

params := {"lists": {"unread_file_types": ["image/"]}}

denied(file) if {
	count(files.deny) == 1 with input.request.files as [file] with data.gateway.params as params
}

test_deny_what_was_not_read if denied({"field": "file", "type": "application/pdf", "read": false})

test_no_denial_of_what_was_read if not denied({"field": "file", "type": "text/plain", "read": true})

test_no_denial_of_a_type_that_is_listed if not denied({"field": "image", "type": "image/png", "read": false})

test_deny_when_the_type_is_missing if denied({"field": "file", "type": null, "read": false})

test_deny_when_nothing_says_that_it_was_read if denied({"field": "file", "type": "application/zip"})

test_deny_when_the_list_is_missing if {
	count(files.deny) == 1 with input.request.files as [{"field": "image", "type": "image/png", "read": false}]
		with data.gateway.params as {}
}
