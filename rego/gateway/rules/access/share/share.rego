# METADATA
# title: Groups share stored objects
# description: |
#   Lets a caller use the stored objects of others who were in a group of the caller's when they made them, where the
#   list `shared_kinds_of_groups` names that group with the object's kind. To delete one stays its owner's.
# custom:
#   code: objects_shared
#   remedy: Ask whoever keeps the policy which kinds of objects your group shares.
#   phases: [request]
package gateway.rules.access.share

import data.gateway.lib.settings

share contains {"kind": entry.kind, "group": entry.group} if {
	some entry in settings.list("shared_kinds_of_groups")
	entry.group in input.caller.groups
	not endswith(input.operation, ".delete")
}
