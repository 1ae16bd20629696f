# METADATA
# title: Calls of unknown types are refused
# description: |
#   Refuses what a model asks the program to do when its type is not in the list `call_types`.
# custom:
#   code: call_type_unknown
#   refusal: 'Its type "{about}" is not on the list of those that may be called.'
#   remedy: Use a gateway that knows this type of call, or ask whoever keeps the policy to allow it.
#   phases: [tool_call]
package gateway.rules.tools.call_type

import data.gateway.lib.settings

deny contains {"call": call.id, "about": type(call)} if {
	some call in input.calls
	not listed(call)
}

type(call) := call.type if is_string(call.type)

else := ""

listed(call) if call.type in settings.list("call_types")
