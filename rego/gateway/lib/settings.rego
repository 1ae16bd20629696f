# METADATA
# title: Settings
# description: The bundle's parameters with the operator's own laid over them.
package gateway.lib.settings

# METADATA
# description: What a group may do; an operator's group stands in place of the bundle's group of that name.
group(name) := operators if {
	operators := data.gateway.operator.groups[name]
} else := data.gateway.params.groups[name]

# METADATA
# description: What the caller's groups may do, those that are known.
groups := [found | some name in input.caller.groups; found := group(name)]

# METADATA
# description: A list of what is allowed; an operator's list stands in place of the bundle's.
list(name) := operators if {
	operators := data.gateway.operator.lists[name]
} else := data.gateway.params.lists[name]

# METADATA
# description: Whether an entry of a list is for the caller; one without groups is for everybody, and so is every one where the caller's are unknown.
is_for_caller(entry) if not entry.groups

is_for_caller(_) if not knows_groups

is_for_caller(entry) if {
	some group in entry.groups
	group in input.caller.groups
}

knows_groups if is_array(input.caller.groups)

# METADATA
# description: The highest limit that the caller's groups have, else the default.
limit(name) := max(of_groups) if {
	of_groups := {value | some group in input.caller.groups; value := group_limit(name, group)}
	count(of_groups) > 0
} else := default_limit(name)

default_limit(name) := operators if {
	operators := data.gateway.operator.limits[name]["default"]
} else := data.gateway.params.limits[name]["default"]

# METADATA
# description: Whether what lies with the provider counts towards a limit.
counts_earlier(name) := operators if {
	operators := data.gateway.operator.limits[name].count_earlier
} else := data.gateway.params.limits[name].count_earlier

group_limit(name, group) := operators if {
	operators := data.gateway.operator.limits[name].groups[group]
} else := data.gateway.params.limits[name].groups[group]
