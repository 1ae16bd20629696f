# METADATA
# title: Models
# description: The models that a request would run.
package gateway.lib.models

# METADATA
# description: Every model that a request names, its own, a hosted tool's and any other that its body names.
named contains input.request.model if is_string(input.request.model)

named contains name if some name in input.request.models

named contains tool.model if {
	some tool in input.tools
	is_string(tool.model)
}

# METADATA
# description: Whether a model may run that the request does not name, since the provider chooses it or has it stored.
is_left_open if {
	not is_string(input.request.model)
	input.route.names_model == true
}

is_left_open if input.operation in data.gateway.params.stored_model_operations

# METADATA
# description: Whether a name is meant by a text, exactly or by what stands before a `*` at its end.
fits(text, name) if text == name

fits(text, name) if {
	endswith(text, "*")
	startswith(name, trim_suffix(text, "*"))
}
