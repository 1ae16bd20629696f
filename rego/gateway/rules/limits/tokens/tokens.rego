# METADATA
# title: Tokens of one request are limited
# description: |
#   Refuses a request with more tokens than the caller's limit. The count is an upper bound first; only where that
#   is over the limit an exact count is asked for. Where none can be had the bound decides.
# custom:
#   code: tokens_per_request
#   refusal: 'The request has too many tokens ({about}).'
#   remedy: Send less text in one request, or ask whoever keeps the policy for a higher limit.
#   phases: [request]
package gateway.rules.limits.tokens

import data.gateway.lib.settings

deny contains {"about": size} if not within_limit

need contains {"fact": "tokens.exact"} if {
	input.request.tokens.exact == false
	not within_limit
}

default size := ""

size := $"{total}, the limit is {settings.limit("tokens_per_request")}" if {
	is_number(total)
	is_number(settings.limit("tokens_per_request"))
}

total := input.request.tokens.count + earlier

default earlier := 0

earlier := input.earlier.tokens if settings.counts_earlier("tokens_per_request") == true

within_limit if total <= settings.limit("tokens_per_request")
