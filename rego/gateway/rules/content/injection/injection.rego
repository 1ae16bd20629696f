# METADATA
# title: Prompt injection labels the session
# description: |
#   Labels a session into which a pattern of the class `prompt_injection` was brought, by a tool's output, a file, a
#   message or anything else but the program's own instructions. It never refuses: the patterns also match texts about
#   prompt injection.
# custom:
#   code: prompt_injection
#   remedy: Check what the tools returned before you trust what the model does next.
#   phases: [request]
package gateway.rules.content.injection

label contains {"label": "prompt_injection"} if input.findings.prompt_injection > 0
