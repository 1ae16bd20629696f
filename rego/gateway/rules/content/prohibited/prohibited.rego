# METADATA
# title: Prohibited prompts are refused
# description: |
#   Refuses a request in any of whose texts, of whatever kind, a pattern of the class `prohibited_prompt` was found.
# custom:
#   code: prohibited_prompt
#   refusal: The request holds a text that is prohibited.
#   remedy: Rephrase the request; ask whoever keeps the policy if you need this for your work.
#   phases: [request]
package gateway.rules.content.prohibited

deny contains {} if input.findings.prohibited_prompt > 0
