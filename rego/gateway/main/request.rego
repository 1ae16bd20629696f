# Written by the build from the METADATA of the rules.
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
	"deny": (decision.denied(request_deny) | decision.hardened_to_denial(request_require_approval)),
	"observe": ((((((((decision.observed(request_deny) | decision.observed(request_require_approval)) | decision.observed(request_limit)) | decision.observed(request_mask)) | decision.observed(request_set)) | decision.observed(request_record)) | decision.observed(request_label)) | decision.observed(request_share)) | decision.observed(request_forward)),
	"require_approval": (decision.awaiting(request_require_approval) | decision.softened_to_approval(request_deny)),
	"limit": decision.kept(request_limit),
	"mask": decision.kept(request_mask),
	"set": decision.kept(request_set),
	"record": decision.kept(request_record),
	"label": decision.kept(request_label),
	"share": decision.kept(request_share),
	"forward": decision.kept(request_forward),
	"need": decision.needed(request_need),
}

request_allow contains object.union(e, {"code": "operation_allowed"}) if some e in data.gateway.rules.access.operation.allow

request_deny contains object.union(e, {"code": "initiator_not_allowed"}) if some e in data.gateway.rules.access.initiator.deny

request_deny contains object.union(e, {"code": "model_not_allowed"}) if some e in data.gateway.rules.access.model.deny

request_deny contains object.union(e, {"code": "reveal_not_allowed"}) if some e in data.gateway.rules.access.reveal.deny

request_deny contains object.union(e, {"code": "scope_exceeded"}) if some e in data.gateway.rules.access.scope.deny

request_deny contains object.union(e, {"code": "prompt_injection"}) if some e in data.gateway.rules.content.injection.deny

request_deny contains object.union(e, {"code": "prohibited_prompt"}) if some e in data.gateway.rules.content.prohibited.deny

request_deny contains object.union(e, {"code": "file_unread"}) if some e in data.gateway.rules.hidden.files.deny

request_deny contains object.union(e, {"code": "unknown_item"}) if some e in data.gateway.rules.hidden.items.deny

request_deny contains object.union(e, {"code": "media_unseen"}) if some e in data.gateway.rules.hidden.media.deny

request_deny contains object.union(e, {"code": "hidden_not_allowed"}) if some e in data.gateway.rules.hidden.stored.deny

request_deny contains object.union(e, {"code": "token_ids_unreadable"}) if some e in data.gateway.rules.hidden.token_ids.deny

request_deny contains object.union(e, {"code": "request_over_bounds"}) if some e in data.gateway.rules.limits.bounds.deny

request_deny contains object.union(e, {"code": "tokens_per_request"}) if some e in data.gateway.rules.limits.tokens.deny

request_deny contains object.union(e, {"code": "agent_tool_not_allowed"}) if some e in data.gateway.rules.tools.agent.deny

request_deny contains object.union(e, {"code": "connector_not_allowed"}) if some e in data.gateway.rules.tools.connector.deny

request_deny contains object.union(e, {"code": "mcp_approval_never"}) if some e in data.gateway.rules.tools.mcp_approval.deny

request_deny contains object.union(e, {"code": "mcp_server_not_allowed"}) if some e in data.gateway.rules.tools.mcp_server.deny

request_deny contains object.union(e, {"code": "tool_type_not_allowed"}) if some e in data.gateway.rules.tools.type.deny

request_require_approval contains object.union(e, {"code": "bulk_needs_approval"}) if some e in data.gateway.rules.approval.bulk.require_approval

request_require_approval contains object.union(e, {"code": "model_needs_approval"}) if some e in data.gateway.rules.approval.model.require_approval

request_require_approval contains object.union(e, {"code": "operation_needs_approval"}) if some e in data.gateway.rules.approval.operation.require_approval

request_limit contains object.union(e, {"code": "quotas"}) if some e in data.gateway.rules.limits.quotas.limit

request_mask contains object.union(e, {"code": "values_masked"}) if some e in data.gateway.rules.content.masks.mask

request_set contains object.union(e, {"code": "parameters_set"}) if some e in data.gateway.rules.limits.parameters.set

request_record contains object.union(e, {"code": "record_originals"}) if some e in data.gateway.rules.record.originals.record

request_record contains object.union(e, {"code": "record_texts"}) if some e in data.gateway.rules.record.texts.record

request_label contains object.union(e, {"code": "prompt_injection"}) if some e in data.gateway.rules.content.injection.label

request_share contains object.union(e, {"code": "objects_shared"}) if some e in data.gateway.rules.access.share.share

request_forward contains object.union(e, {"code": "traces_forwarded"}) if some e in data.gateway.rules.record.traces.forward

request_need contains object.union(e, {"code": "tokens_per_request"}) if some e in data.gateway.rules.limits.tokens.need
