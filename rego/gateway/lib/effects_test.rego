package gateway.lib.effects_test

import data.gateway.lib.effects

params := {
	"effects": {"everywhere": "observe", "strict": "deny"},
	"effects_by_label": {
		"production": {"by_label": "require_approval"},
		"development": {"by_label": "observe", "everywhere": "off"},
	},
	"operator_may_relax": ["everywhere"],
}

test_effect_is_as_written_where_nobody_names_the_code if {
	effects.effect("unnamed") == "as_written" with data.gateway.params as params
		with input.connection.labels as []
}

test_effect_is_the_bundles_for_all if {
	effects.effect("everywhere") == "observe" with data.gateway.params as params
		with input.connection.labels as ["production"]
}

test_effect_is_the_labels_before_that_for_all if {
	effects.effect("everywhere") == "off" with data.gateway.params as params
		with input.connection.labels as ["development"]
}

test_effect_is_the_strictest_of_the_labels if {
	effects.effect("by_label") == "require_approval" with data.gateway.params as params
		with input.connection.labels as ["development", "production"]
}

test_operator_may_relax_what_the_bundle_names if {
	effects.effect("everywhere") == "off" with data.gateway.params as params
		with data.gateway.operator as {"effects": {"everywhere": "off"}}
		with input.connection.labels as []
}

test_operator_may_not_relax_the_rest if {
	effects.effect("strict") == "deny" with data.gateway.params as params
		with data.gateway.operator as {"effects": {"strict": "off"}}
		with input.connection.labels as []
	effects.effect("unnamed") == "as_written" with data.gateway.params as params
		with data.gateway.operator as {"effects": {"unnamed": "observe"}}
		with input.connection.labels as []
}

test_operator_may_make_stricter if {
	effects.effect("by_label") == "deny" with data.gateway.params as params
		with data.gateway.operator as {"effects_by_label": {"production": {"by_label": "deny"}}}
		with input.connection.labels as ["production"]
}
