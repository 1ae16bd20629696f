# Written by the build from the METADATA of the rules.
package gateway.main

# METADATA
# title: The decision when a streamed answer shows a class of finding that it has not shown before
# description: Taken from the input and the data, `v` and `data_rev` leave it undefined where either is missing.
# entrypoint: true
finding := {
	"v": input.v,
	"data_rev": data.gateway.rev,
	"allow": set(),
	"deny": set(),
	"observe": set(),
	"require_approval": set(),
	"limit": set(),
	"mask": set(),
	"set": set(),
	"record": set(),
	"label": set(),
	"share": set(),
	"forward": set(),
	"need": set(),
}
