package gateway.rules.commands.sql_destructive_test

import data.gateway.rules.commands.sql_destructive

params := {
	"sql": {"destructive": ["truncate"], "destructive_prefixes": ["drop_"]},
	"lists": {"tolerated_sql": ["drop_constraint"]},
}

call(id, kinds, where_missing) := {"id": id, "sql": {"kinds": kinds, "where_missing": where_missing}}

denied(calls) := {denial.call | some denial in denials(calls)}

denials(calls) := result if {
	result := sql_destructive.deny with input.calls as calls with data.gateway.params as params
}

test_deny_a_destructive_statement if denied([call("1", ["drop_database", "select"], false)]) == {"1"}

test_deny_a_statement_of_the_list if denied([call("1", ["truncate"], false)]) == {"1"}

test_no_denial_of_a_tolerated_statement if denied([call("1", ["drop_constraint"], false)]) == set()

test_deny_when_the_list_of_tolerated_is_missing if {
	sql_destructive.deny == {{"call": "1", "about": "drop_constraint"}} with input.calls as [call("1", ["drop_constraint"], false)]
		with data.gateway.params as {"sql": params.sql}
}

test_deny_a_missing_condition if denied([call("1", ["delete"], true)]) == {"1"}

test_deny_names_what_destroys if {
	denials([call("1", ["drop_database", "truncate"], true)]) == {
		{"call": "1", "about": "drop_database"},
		{"call": "1", "about": "no condition"},
	}
}

test_deny_only_the_call_that_destroys if {
	denied([call("1", ["select"], false), call("2", ["drop_database"], true)]) == {"2"}
}

test_no_denial_of_other_statements if denied([call("1", ["delete", "select"], false)]) == set()

test_no_denial_without_sql if {
	denied([{"id": "1", "sql": null}, {"id": "2"}]) == set()
	count(sql_destructive.deny) == 0 with input as {}
}
