# METADATA
# title: Tokens of one request are limited
# description: |
#   Refuses a request with more tokens than the caller's limit. The count is an upper bound first; only where that
#   is over the limit an exact count is asked for. Where none can be had the bound decides.
# custom:
#   code: tokens_per_request
#   remedy: Send less text in one request, or ask whoever keeps the policy for a higher limit.
#   phases: [request]
package gateway.rules.limits.tokens

import data.gateway.lib.settings

deny contains {} if not within_limit

need contains {"fact": "tokens.exact"} if {
	input.request.tokens.exact == false
	not within_limit
}

within_limit if input.request.tokens.count <= settings.limit("tokens_per_request")
