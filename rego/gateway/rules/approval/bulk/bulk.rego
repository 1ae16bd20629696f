# METADATA
# title: Values in bulk wait for a person
# description: |
#   Asks people before a request goes out in which values of a class stand as often as the list `approve_findings` says:
#   an extract of customers' addresses, say.
# custom:
#   code: bulk_needs_approval
#   refusal: 'A person has to agree to so many values of {about} first.'
#   remedy: Send fewer of these values, or say what it is for to whoever answers.
#   phases: [request]
package gateway.rules.approval.bulk

import data.gateway.lib.settings

require_approval contains {"about": entry.class, "question": "May so many values of this class go out?"} if {
	some entry in settings.list("approve_findings")
	not is_below(entry)
	settings.is_for_caller(entry)
}

is_below(entry) if {
	is_object(input.findings)
	object.get(input.findings, entry.class, 0) < entry.at_least
}
