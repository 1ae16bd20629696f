# METADATA
# title: Token ids that cannot be read are refused
# description: |
#   Refuses requests whose text is given as token ids that cannot be turned back into it: of a model whose tokenizer
#   is not known, or ids that it does not have. What can be read is searched like any other text.
# custom:
#   code: token_ids_unreadable
#   refusal: 'The request gives its text as token ids that cannot be read ({about}).'
#   remedy: Send the text itself.
#   phases: [request]
package gateway.rules.hidden.token_ids

deny contains {"about": $"{input.request.token_ids}"} if input.request.token_ids > 0
