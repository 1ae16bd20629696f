# METADATA
# title: Quotas
# description: |
#   Limits how much there may be of something in a time, as the list `quotas` says: `per` for what is counted apart
#   (absent: all together), `groups`, `operations`, `models` and `connections` for what it is about (absent: all).
# custom:
#   code: quotas
#   remedy: Wait until there is room again, or ask whoever keeps the policy for more.
#   phases: [request]
package gateway.rules.limits.quotas

import data.gateway.lib.models
import data.gateway.lib.settings

limit contains object.union(object.remove(entry, scope), {"key": key}) if {
	some entry in settings.list("quotas")
	is_for_caller(entry)
	is_for_operation(entry)
	is_for_model(entry)
	is_for_connection(entry)
	some key in keys(entry)
}

scope := ["per", "groups", "operations", "models", "connections"]

# Of a limit by group each group of the caller's counts, those that it names where it names any.
keys(entry) := {key(entry, group) | some group in counted_groups(entry)} if "group" in entry.per

else := {key(entry, "")}

counted_groups(entry) := {group | some group in entry.groups; group in input.caller.groups} if entry.groups

else := {group | some group in input.caller.groups}

key(entry, group) := concat(" ", [part(name, group) | some name in object.get(entry, "per", [])])

part("caller", _) := $"caller {input.caller.issuer} {input.caller.subject}" if is_string(input.caller.subject)

else := "caller ?"

part("group", group) := $"group {group}"

part("agent", _) := $"agent {input.caller.agent.name}" if is_string(input.caller.agent.name)

else := "agent none"

part("connection", _) := $"connection {input.connection.name}"

part("session", _) := $"session {input.session.id}"

part("operation", _) := $"operation {input.operation}"

part("model", _) := $"model {input.request.model}" if is_string(input.request.model)

else := "model none"

is_for_caller(entry) if not entry.groups

is_for_caller(entry) if {
	some group in entry.groups
	group in input.caller.groups
}

is_for_operation(entry) if not entry.operations

is_for_operation(entry) if input.operation in entry.operations

is_for_model(entry) if not entry.models

is_for_model(entry) if {
	some text in entry.models
	some name in models.named
	models.fits(text, name)
}

is_for_connection(entry) if not entry.connections

is_for_connection(entry) if input.connection.name in entry.connections
