# METADATA
# title: Values are masked by class and by field
# description: |
#   Masks values of the classes in the list `masks`, or of the `fields` of JSON texts that an entry names in place of a
#   class (`ssn`, `customer.ssn`, `/customer/ssn`), each as its entry says: `with` how (`detect`, `last4`, `surrogate`,
#   `placeholder`, `token`, `fixed`, `redact`, `block`; absent: `redact`), `direction` which way (absent: both), `kinds` in
#   which kinds of text (absent: all), `groups` for whose callers (absent: all), `restore` in which kinds of text of an
#   answer the values of placeholders come back to the caller (absent: in none; those of secrets never).
# custom:
#   code: values_masked
#   remedy: Ask whoever keeps the policy which values pass, or take them out.
#   phases: [request]
package gateway.rules.content.masks

import data.gateway.lib.settings

mask contains object.remove(entry, ["groups"]) if {
	some entry in settings.list("masks")
	not entry.groups
}

mask contains object.remove(entry, ["groups"]) if {
	some entry in settings.list("masks")
	some group in entry.groups
	group in input.caller.groups
}
