package gateway.lib.models_test

import data.gateway.lib.models

facts := {
	"route": {"names_model": true},
	"request": {"model": "gpt-5", "models": ["whisper-1"]},
	"tools": [{"model": "gpt-image-1"}, {"model": null}],
}

test_named_are_all_that_stand_somewhere if {
	models.named == {"gpt-5", "whisper-1", "gpt-image-1"} with input as facts
	models.named == set() with input as {}
}

test_left_open_is_what_the_provider_would_choose if {
	models.is_left_open with input as object.union(facts, {"request": {"model": null}})
	models.is_left_open with input as object.union(facts, {"operation": "videos.remix"})
		with data.gateway.params.stored_model_operations as ["videos.remix"]
	not models.is_left_open with input as facts
	not models.is_left_open with input as {"route": {"names_model": false}, "request": {"model": null}}
}

test_fits_by_name_or_by_what_it_begins_with if {
	models.fits("o3", "o3")
	models.fits("o3*", "o3-mini")
	models.fits("*", "anything")
	not models.fits("o3", "o3-mini")
	not models.fits("gpt*", "o3")
}
