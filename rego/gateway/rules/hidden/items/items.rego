# METADATA
# title: Items of unknown types are refused
# description: |
#   Refuses a request with input items of a type that nobody knows: they may carry instructions, or make something
#   run.
# custom:
#   code: unknown_item
#   refusal: 'The input holds items of a type that the gateway does not know ({about}).'
#   remedy: Leave these items out, or use a gateway that knows them.
#   phases: [request]
package gateway.rules.hidden.items

deny contains {"about": type} if some type in input.request.unknown_items
