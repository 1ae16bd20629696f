# Written by scripts/build-bundle from the METADATA of the rules.
package gateway.main

import data.gateway.lib.decision

# METADATA
# title: The decision before a request is forwarded
# description: Taken from the input and the data, `v` and `data_rev` leave it undefined where either is missing.
# entrypoint: true
request := {
	"v": input.v,
	"data_rev": data.gateway.rev,
	"allow": request_allow,
	"deny": decision.denied(request_deny),
	"observe": ((decision.observed(request_deny) | decision.observed(request_record)) | decision.observed(request_label)),
	"require_approval": decision.softened_to_approval(request_deny),
	"limit": set(),
	"mask": set(),
	"set": set(),
	"record": decision.kept(request_record),
	"label": decision.kept(request_label),
	"need": decision.needed(request_need),
}

request_allow := union({
	decision.coded("operation_allowed", data.gateway.rules.access.operation.allow),
})

request_deny := union({
	decision.coded("model_not_allowed", data.gateway.rules.access.model.deny),
	decision.coded("prohibited_prompt", data.gateway.rules.content.prohibited.deny),
	decision.coded("unknown_item", data.gateway.rules.hidden.items.deny),
	decision.coded("hidden_not_allowed", data.gateway.rules.hidden.stored.deny),
	decision.coded("request_over_bounds", data.gateway.rules.limits.bounds.deny),
	decision.coded("tokens_per_request", data.gateway.rules.limits.tokens.deny),
	decision.coded("connector_not_allowed", data.gateway.rules.tools.connector.deny),
	decision.coded("mcp_approval_never", data.gateway.rules.tools.mcp_approval.deny),
	decision.coded("mcp_server_not_allowed", data.gateway.rules.tools.mcp_server.deny),
	decision.coded("tool_type_not_allowed", data.gateway.rules.tools.type.deny),
})

request_record := union({
	decision.coded("record_texts", data.gateway.rules.record.texts.record),
})

request_label := union({
	decision.coded("prompt_injection", data.gateway.rules.content.injection.label),
})

request_need := union({
	decision.coded("tokens_per_request", data.gateway.rules.limits.tokens.need),
})
