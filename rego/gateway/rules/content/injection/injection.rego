# METADATA
# title: Prompt injection in tool outputs labels the session
# description: |
#   Labels a session into which a tool's output brought a pattern of the class `prompt_injection`. It never refuses:
#   the patterns also match texts about prompt injection.
# custom:
#   code: prompt_injection
#   remedy: Check what the tools returned before you trust what the model does next.
#   phases: [request]
package gateway.rules.content.injection

label contains {"label": "prompt_injection"} if input.findings.prompt_injection > 0
