# METADATA
# title: Originals of masked values are kept by class
# description: |
#   Keeps what was masked of the classes in the list `originals`, sealed under a key of its own, as far as the list `masks`
#   masks them; `field` is the class of what `fields` of a mask hold. Secrets are never kept, whatever a rule says.
# custom:
#   code: record_originals
#   remedy: Ask whoever keeps the policy which originals are kept, and why.
#   phases: [request]
package gateway.rules.record.originals

import data.gateway.lib.settings

record contains {"originals": entry.class} if {
	some entry in settings.list("masks")
	entry.class in settings.list("originals")
}

record contains {"originals": "field"} if {
	"field" in settings.list("originals")
	some entry in settings.list("masks")
	entry.fields
}
