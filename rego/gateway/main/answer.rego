# Written by the build from the METADATA of the rules.
package gateway.main

# METADATA
# title: The decision when a streamed answer begins
# description: Taken from the input and the data, `v` and `data_rev` leave it undefined where either is missing.
# entrypoint: true
answer := {
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
