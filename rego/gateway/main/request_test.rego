# Written by the build from the METADATA of the rules.
package gateway.main.request_test

import data.gateway.main

test_deny_of_initiator_not_allowed_is_collected if {
	main.request_deny[{"code": "initiator_not_allowed", "fact": "given"}] with data.gateway.rules.access.initiator.deny as {{"fact": "given"}}
}

test_deny_of_model_not_allowed_is_collected if {
	main.request_deny[{"code": "model_not_allowed", "fact": "given"}] with data.gateway.rules.access.model.deny as {{"fact": "given"}}
}

test_allow_of_operation_allowed_is_collected if {
	main.request_allow[{"code": "operation_allowed", "fact": "given"}] with data.gateway.rules.access.operation.allow as {{"fact": "given"}}
}

test_deny_of_reveal_not_allowed_is_collected if {
	main.request_deny[{"code": "reveal_not_allowed", "fact": "given"}] with data.gateway.rules.access.reveal.deny as {{"fact": "given"}}
}

test_deny_of_scope_exceeded_is_collected if {
	main.request_deny[{"code": "scope_exceeded", "fact": "given"}] with data.gateway.rules.access.scope.deny as {{"fact": "given"}}
}

test_share_of_objects_shared_is_collected if {
	main.request_share[{"code": "objects_shared", "fact": "given"}] with data.gateway.rules.access.share.share as {{"fact": "given"}}
}

test_require_approval_of_bulk_needs_approval_is_collected if {
	main.request_require_approval[{"code": "bulk_needs_approval", "fact": "given"}] with data.gateway.rules.approval.bulk.require_approval as {{"fact": "given"}}
}

test_require_approval_of_model_needs_approval_is_collected if {
	main.request_require_approval[{"code": "model_needs_approval", "fact": "given"}] with data.gateway.rules.approval.model.require_approval as {{"fact": "given"}}
}

test_require_approval_of_operation_needs_approval_is_collected if {
	main.request_require_approval[{"code": "operation_needs_approval", "fact": "given"}] with data.gateway.rules.approval.operation.require_approval as {{"fact": "given"}}
}

test_deny_of_prompt_injection_is_collected if {
	main.request_deny[{"code": "prompt_injection", "fact": "given"}] with data.gateway.rules.content.injection.deny as {{"fact": "given"}}
}

test_label_of_prompt_injection_is_collected if {
	main.request_label[{"code": "prompt_injection", "fact": "given"}] with data.gateway.rules.content.injection.label as {{"fact": "given"}}
}

test_mask_of_values_masked_is_collected if {
	main.request_mask[{"code": "values_masked", "fact": "given"}] with data.gateway.rules.content.masks.mask as {{"fact": "given"}}
}

test_deny_of_prohibited_prompt_is_collected if {
	main.request_deny[{"code": "prohibited_prompt", "fact": "given"}] with data.gateway.rules.content.prohibited.deny as {{"fact": "given"}}
}

test_deny_of_file_unread_is_collected if {
	main.request_deny[{"code": "file_unread", "fact": "given"}] with data.gateway.rules.hidden.files.deny as {{"fact": "given"}}
}

test_deny_of_unknown_item_is_collected if {
	main.request_deny[{"code": "unknown_item", "fact": "given"}] with data.gateway.rules.hidden.items.deny as {{"fact": "given"}}
}

test_deny_of_media_unseen_is_collected if {
	main.request_deny[{"code": "media_unseen", "fact": "given"}] with data.gateway.rules.hidden.media.deny as {{"fact": "given"}}
}

test_deny_of_hidden_not_allowed_is_collected if {
	main.request_deny[{"code": "hidden_not_allowed", "fact": "given"}] with data.gateway.rules.hidden.stored.deny as {{"fact": "given"}}
}

test_deny_of_token_ids_unreadable_is_collected if {
	main.request_deny[{"code": "token_ids_unreadable", "fact": "given"}] with data.gateway.rules.hidden.token_ids.deny as {{"fact": "given"}}
}

test_deny_of_request_over_bounds_is_collected if {
	main.request_deny[{"code": "request_over_bounds", "fact": "given"}] with data.gateway.rules.limits.bounds.deny as {{"fact": "given"}}
}

test_set_of_parameters_set_is_collected if {
	main.request_set[{"code": "parameters_set", "fact": "given"}] with data.gateway.rules.limits.parameters.set as {{"fact": "given"}}
}

test_limit_of_quotas_is_collected if {
	main.request_limit[{"code": "quotas", "fact": "given"}] with data.gateway.rules.limits.quotas.limit as {{"fact": "given"}}
}

test_deny_of_tokens_per_request_is_collected if {
	main.request_deny[{"code": "tokens_per_request", "fact": "given"}] with data.gateway.rules.limits.tokens.deny as {{"fact": "given"}}
}

test_need_of_tokens_per_request_is_collected if {
	main.request_need[{"code": "tokens_per_request", "fact": "given"}] with data.gateway.rules.limits.tokens.need as {{"fact": "given"}}
}

test_record_of_record_originals_is_collected if {
	main.request_record[{"code": "record_originals", "fact": "given"}] with data.gateway.rules.record.originals.record as {{"fact": "given"}}
}

test_record_of_record_texts_is_collected if {
	main.request_record[{"code": "record_texts", "fact": "given"}] with data.gateway.rules.record.texts.record as {{"fact": "given"}}
}

test_forward_of_traces_forwarded_is_collected if {
	main.request_forward[{"code": "traces_forwarded", "fact": "given"}] with data.gateway.rules.record.traces.forward as {{"fact": "given"}}
}

test_deny_of_agent_tool_not_allowed_is_collected if {
	main.request_deny[{"code": "agent_tool_not_allowed", "fact": "given"}] with data.gateway.rules.tools.agent.deny as {{"fact": "given"}}
}

test_deny_of_connector_not_allowed_is_collected if {
	main.request_deny[{"code": "connector_not_allowed", "fact": "given"}] with data.gateway.rules.tools.connector.deny as {{"fact": "given"}}
}

test_deny_of_mcp_approval_never_is_collected if {
	main.request_deny[{"code": "mcp_approval_never", "fact": "given"}] with data.gateway.rules.tools.mcp_approval.deny as {{"fact": "given"}}
}

test_deny_of_mcp_server_not_allowed_is_collected if {
	main.request_deny[{"code": "mcp_server_not_allowed", "fact": "given"}] with data.gateway.rules.tools.mcp_server.deny as {{"fact": "given"}}
}

test_deny_of_tool_type_not_allowed_is_collected if {
	main.request_deny[{"code": "tool_type_not_allowed", "fact": "given"}] with data.gateway.rules.tools.type.deny as {{"fact": "given"}}
}
