# METADATA
# title: Operations that wait for a person
# description: |
#   Asks people before a request of an operation in the list `approve_operations` goes out, such as one that starts a
#   fine-tuning job or downloads a file.
# custom:
#   code: operation_needs_approval
#   refusal: 'A person has to agree to {about} first.'
#   remedy: Say what it is for to whoever answers, or ask whoever keeps the policy.
#   phases: [request]
package gateway.rules.approval.operation

import data.gateway.lib.settings

require_approval contains {"about": input.operation, "question": $"May {input.operation} be run?"} if {
	some entry in settings.list("approve_operations")
	input.operation in entry.operations
	settings.is_for_caller(entry)
}
