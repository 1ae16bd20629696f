# METADATA
# title: Requests beyond what policy can judge are refused
# description: |
#   Refuses a request that offers more tools, or holds more unknown items, than facts may hold: what policy does not
#   see it cannot judge.
# custom:
#   code: request_over_bounds
#   refusal: The request offers more tools, or holds more items of unknown types, than policy can judge.
#   remedy: Offer at most 64 tools in one request.
#   phases: [request]
package gateway.rules.limits.bounds

deny contains {} if not whole

whole if input.request.truncated == false
