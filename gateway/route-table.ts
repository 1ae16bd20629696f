// The route table: every operation of the API, one a line. Routing, parsing, policy and docs/coverage.md come from it.

/**
 * A line is the method (`WS` for a WebSocket), the path's template, the operation, and flags.
 *
 * In a template `{kind}` is the id of a stored object that must be the caller's, and `{-name}` an id that has no owner of
 * its own: it lies below one that has, or is a name that policy decides about.
 *
 * | flag | meaning |
 * |---|---|
 * | `form` | the body is multipart, otherwise JSON |
 * | `sdp` | the body may also be a bare session description, and the answer is one |
 * | `bytes` | the answer is a file |
 * | `text` | the answer is JSON, or a plain text where the request asks for one |
 * | `sse` | the answer is a stream of events where the request asks for one |
 * | `events` | the answer is always a stream of events |
 * | `model` | the request names a model |
 * | `makes=KIND` | the answer's `id` is a new object of the caller's |
 * | `lists=KIND` | the answer's `data` holds objects of the whole account, of which the caller gets its own; models that are nobody's are everybody's |
 * | `admin` | takes the connection's admin credential |
 * | `secret` | the answer holds a credential of the provider's, which must not reach the program |
 * | `grant` | the answer holds a client secret of the provider's, in whose place the program gets one of the gateway's |
 * | `local` | the gateway answers |
 *
 * The operations are named as the SDKs name their methods. The set is the one of the SDKs (`openai` 3.52 for Python, 7.55
 * for JavaScript), then what the published specification has besides, and what the SDKs reach by WebSocket or by a fixed
 * address.
 */
export const ROUTE_TABLE = `
GET /agents agents.list lists=agent
POST /agents agents.create model makes=agent
GET /agents/automations agents.automations.list lists=agent_automation
POST /agents/automations agents.automations.create makes=agent_automation
DELETE /agents/automations/{agent_automation} agents.automations.delete
GET /agents/automations/{agent_automation} agents.automations.retrieve
POST /agents/automations/{agent_automation} agents.automations.update
GET /agents/automations/{agent_automation}/invocations agents.automations.invocations.list
POST /agents/automations/{agent_automation}/invocations agents.automations.invocations.create
GET /agents/automations/{agent_automation}/invocations/{-invocation} agents.automations.invocations.retrieve
POST /agents/automations/{agent_automation}/pause agents.automations.pause
POST /agents/automations/{agent_automation}/resume agents.automations.resume
GET /agents/environments agents.environments.list lists=agent_environment
POST /agents/environments agents.environments.create makes=agent_environment
GET /agents/environments/templates agents.environments.templates.list lists=agent_template
POST /agents/environments/templates agents.environments.templates.create makes=agent_template
DELETE /agents/environments/templates/{agent_template} agents.environments.templates.delete
GET /agents/environments/templates/{agent_template} agents.environments.templates.retrieve
POST /agents/environments/templates/{agent_template} agents.environments.templates.update
GET /agents/environments/{agent_environment} agents.environments.retrieve
GET /agents/environments/{agent_environment}/files agents.environments.files.list
POST /agents/environments/{agent_environment}/files agents.environments.files.create
GET /agents/sessions agents.sessions.list lists=agent_session
POST /agents/sessions agents.sessions.create sse model makes=agent_session
DELETE /agents/sessions/{agent_session} agents.sessions.delete
GET /agents/sessions/{agent_session} agents.sessions.retrieve
POST /agents/sessions/{agent_session} agents.sessions.update
GET /agents/sessions/{agent_session}/artifacts agents.sessions.artifacts.list
DELETE /agents/sessions/{agent_session}/artifacts/{-artifact} agents.sessions.artifacts.delete
GET /agents/sessions/{agent_session}/artifacts/{-artifact} agents.sessions.artifacts.retrieve
GET /agents/sessions/{agent_session}/artifacts/{-artifact}/content agents.sessions.artifacts.content bytes
GET /agents/sessions/{agent_session}/events agents.sessions.events.list events
POST /agents/sessions/{agent_session}/events agents.sessions.events.create
GET /agents/sessions/{agent_session}/items agents.sessions.items.list
GET /agents/sessions/{agent_session}/subagents agents.sessions.subagents.list
GET /agents/sessions/{agent_session}/subagents/{-subagent} agents.sessions.subagents.retrieve
GET /agents/sessions/{agent_session}/subagents/{-subagent}/items agents.sessions.subagents.items.list
GET /agents/sessions/{agent_session}/subagents/{-subagent}/turns agents.sessions.subagents.turns.list
GET /agents/sessions/{agent_session}/subagents/{-subagent}/turns/{-turn} agents.sessions.subagents.turns.retrieve
GET /agents/sessions/{agent_session}/subagents/{-subagent}/turns/{-turn}/items agents.sessions.subagents.turns.items.list
GET /agents/sessions/{agent_session}/traces agents.sessions.traces.list
GET /agents/sessions/{agent_session}/turns agents.sessions.turns.list
GET /agents/sessions/{agent_session}/turns/{-turn} agents.sessions.turns.retrieve
GET /agents/sessions/{agent_session}/turns/{-turn}/items agents.sessions.turns.items.list
DELETE /agents/{agent} agents.delete
GET /agents/{agent} agents.retrieve
POST /agents/{agent} agents.update
GET /assistants assistants.list lists=assistant
POST /assistants assistants.create model makes=assistant
DELETE /assistants/{assistant} assistants.delete
GET /assistants/{assistant} assistants.retrieve
POST /assistants/{assistant} assistants.update
POST /audio/speech audio.speech.create bytes sse model
POST /audio/transcriptions audio.transcriptions.create form text sse model
POST /audio/translations audio.translations.create form text model
GET /audio/voice_consents audio.voice_consents.list lists=voice_consent
POST /audio/voice_consents audio.voice_consents.create form makes=voice_consent
DELETE /audio/voice_consents/{voice_consent} audio.voice_consents.delete
GET /audio/voice_consents/{voice_consent} audio.voice_consents.retrieve
POST /audio/voice_consents/{voice_consent} audio.voice_consents.update
POST /audio/voices audio.voices.create form makes=voice
DELETE /audio/voices/{voice} audio.voices.delete
GET /batches batches.list lists=batch
POST /batches batches.create makes=batch
GET /batches/{batch} batches.retrieve
POST /batches/{batch}/cancel batches.cancel
GET /chat/completions chat.completions.list lists=chat_completion
POST /chat/completions chat.completions.create sse model makes=chat_completion
DELETE /chat/completions/{chat_completion} chat.completions.delete
GET /chat/completions/{chat_completion} chat.completions.retrieve
POST /chat/completions/{chat_completion} chat.completions.update
GET /chat/completions/{chat_completion}/messages chat.completions.messages
POST /chatkit/sessions chatkit.sessions.create secret makes=chatkit_session
POST /chatkit/sessions/{chatkit_session}/cancel chatkit.sessions.cancel
GET /chatkit/threads chatkit.threads.list lists=chatkit_thread
DELETE /chatkit/threads/{chatkit_thread} chatkit.threads.delete
GET /chatkit/threads/{chatkit_thread} chatkit.threads.retrieve
GET /chatkit/threads/{chatkit_thread}/items chatkit.threads.items
POST /completions completions.create sse model
GET /containers containers.list lists=container
POST /containers containers.create makes=container
DELETE /containers/{container} containers.delete
GET /containers/{container} containers.retrieve
GET /containers/{container}/files containers.files.list
POST /containers/{container}/files containers.files.create form
DELETE /containers/{container}/files/{-file} containers.files.delete
GET /containers/{container}/files/{-file} containers.files.retrieve
GET /containers/{container}/files/{-file}/content containers.files.content bytes
POST /content_provenance_checks content_provenance_checks.create form
POST /conversations conversations.create makes=conversation
DELETE /conversations/{conversation} conversations.delete
GET /conversations/{conversation} conversations.retrieve
POST /conversations/{conversation} conversations.update
GET /conversations/{conversation}/items conversations.items.list
POST /conversations/{conversation}/items conversations.items.create
DELETE /conversations/{conversation}/items/{-item} conversations.items.delete
GET /conversations/{conversation}/items/{-item} conversations.items.retrieve
POST /decisions decisions.create model
POST /embeddings embeddings.create model
GET /evals evals.list lists=eval
POST /evals evals.create makes=eval
DELETE /evals/{eval} evals.delete
GET /evals/{eval} evals.retrieve
POST /evals/{eval} evals.update
GET /evals/{eval}/runs evals.runs.list
POST /evals/{eval}/runs evals.runs.create
DELETE /evals/{eval}/runs/{-run} evals.runs.delete
GET /evals/{eval}/runs/{-run} evals.runs.retrieve
POST /evals/{eval}/runs/{-run}/cancel evals.runs.cancel
GET /evals/{eval}/runs/{-run}/output_items evals.runs.output_items.list
GET /evals/{eval}/runs/{-run}/output_items/{-output_item} evals.runs.output_items.retrieve
GET /files files.list lists=file
POST /files files.create form makes=file
DELETE /files/{file} files.delete
GET /files/{file} files.retrieve
GET /files/{file}/content files.content bytes
POST /fine_tuning/alpha/graders/run fine_tuning.alpha.graders.run
POST /fine_tuning/alpha/graders/validate fine_tuning.alpha.graders.validate
GET /fine_tuning/checkpoints/{-fine_tuned_model_checkpoint}/permissions fine_tuning.checkpoints.permissions.list admin
POST /fine_tuning/checkpoints/{-fine_tuned_model_checkpoint}/permissions fine_tuning.checkpoints.permissions.create admin
DELETE /fine_tuning/checkpoints/{-fine_tuned_model_checkpoint}/permissions/{-permission} fine_tuning.checkpoints.permissions.delete admin
GET /fine_tuning/jobs fine_tuning.jobs.list lists=fine_tuning_job
POST /fine_tuning/jobs fine_tuning.jobs.create model makes=fine_tuning_job
GET /fine_tuning/jobs/{fine_tuning_job} fine_tuning.jobs.retrieve
POST /fine_tuning/jobs/{fine_tuning_job}/cancel fine_tuning.jobs.cancel
GET /fine_tuning/jobs/{fine_tuning_job}/checkpoints fine_tuning.jobs.checkpoints.list
GET /fine_tuning/jobs/{fine_tuning_job}/events fine_tuning.jobs.events
POST /fine_tuning/jobs/{fine_tuning_job}/pause fine_tuning.jobs.pause
POST /fine_tuning/jobs/{fine_tuning_job}/resume fine_tuning.jobs.resume
POST /images/edits images.edits form sse model
POST /images/generations images.generations sse model
POST /images/variations images.variations form model
POST /live/sessions live.sessions.create model makes=live_session
POST /live/sessions/{live_session}/accept live.sessions.accept model
GET /live/sessions/{live_session}/content live.sessions.content bytes
POST /live/sessions/{live_session}/fork live.sessions.fork makes=live_session
POST /live/sessions/{live_session}/hangup live.sessions.hangup
POST /live/sessions/{live_session}/refer live.sessions.refer
POST /live/sessions/{live_session}/reject live.sessions.reject
GET /models models.list lists=fine_tuned_model
DELETE /models/{-model} models.delete
GET /models/{-model} models.retrieve
POST /moderations moderations.create model
GET /organization/admin_api_keys admin.organization.admin_api_keys.list admin
POST /organization/admin_api_keys admin.organization.admin_api_keys.create admin secret
DELETE /organization/admin_api_keys/{-key} admin.organization.admin_api_keys.delete admin
GET /organization/admin_api_keys/{-key} admin.organization.admin_api_keys.retrieve admin
GET /organization/audit_logs admin.organization.audit_logs.list admin
GET /organization/certificates admin.organization.certificates.list admin
POST /organization/certificates admin.organization.certificates.create admin
POST /organization/certificates/activate admin.organization.certificates.activate admin
POST /organization/certificates/deactivate admin.organization.certificates.deactivate admin
DELETE /organization/certificates/{-certificate} admin.organization.certificates.delete admin
GET /organization/certificates/{-certificate} admin.organization.certificates.retrieve admin
POST /organization/certificates/{-certificate} admin.organization.certificates.update admin
GET /organization/costs admin.organization.costs admin
GET /organization/data_retention admin.organization.data_retention.retrieve admin
POST /organization/data_retention admin.organization.data_retention.update admin
GET /organization/external_keys admin.organization.external_keys.list admin
POST /organization/external_keys admin.organization.external_keys.create admin
DELETE /organization/external_keys/{-external_key} admin.organization.external_keys.delete admin
GET /organization/external_keys/{-external_key} admin.organization.external_keys.retrieve admin
POST /organization/external_keys/{-external_key}/validate admin.organization.external_keys.validate admin
GET /organization/external_storage admin.organization.external_storage.list admin
POST /organization/external_storage admin.organization.external_storage.create admin
DELETE /organization/external_storage/{-external_storage} admin.organization.external_storage.delete admin
GET /organization/external_storage/{-external_storage} admin.organization.external_storage.retrieve admin
POST /organization/external_storage/{-external_storage}/validate admin.organization.external_storage.validate admin
GET /organization/groups admin.organization.groups.list admin
POST /organization/groups admin.organization.groups.create admin
DELETE /organization/groups/{-group} admin.organization.groups.delete admin
GET /organization/groups/{-group} admin.organization.groups.retrieve admin
POST /organization/groups/{-group} admin.organization.groups.update admin
GET /organization/groups/{-group}/roles admin.organization.groups.roles.list admin
POST /organization/groups/{-group}/roles admin.organization.groups.roles.create admin
DELETE /organization/groups/{-group}/roles/{-role} admin.organization.groups.roles.delete admin
GET /organization/groups/{-group}/roles/{-role} admin.organization.groups.roles.retrieve admin
GET /organization/groups/{-group}/users admin.organization.groups.users.list admin
POST /organization/groups/{-group}/users admin.organization.groups.users.create admin
DELETE /organization/groups/{-group}/users/{-user} admin.organization.groups.users.delete admin
GET /organization/groups/{-group}/users/{-user} admin.organization.groups.users.retrieve admin
GET /organization/invites admin.organization.invites.list admin
POST /organization/invites admin.organization.invites.create admin
DELETE /organization/invites/{-invite} admin.organization.invites.delete admin
GET /organization/invites/{-invite} admin.organization.invites.retrieve admin
GET /organization/projects admin.organization.projects.list admin
POST /organization/projects admin.organization.projects.create admin
GET /organization/projects/{-project} admin.organization.projects.retrieve admin
POST /organization/projects/{-project} admin.organization.projects.update admin
GET /organization/projects/{-project}/api_keys admin.organization.projects.api_keys.list admin
DELETE /organization/projects/{-project}/api_keys/{-api_key} admin.organization.projects.api_keys.delete admin
GET /organization/projects/{-project}/api_keys/{-api_key} admin.organization.projects.api_keys.retrieve admin
POST /organization/projects/{-project}/api_keys/{-api_key} admin.organization.projects.api_keys.update admin
POST /organization/projects/{-project}/archive admin.organization.projects.archive admin
GET /organization/projects/{-project}/certificates admin.organization.projects.certificates.list admin
POST /organization/projects/{-project}/certificates/activate admin.organization.projects.certificates.activate admin
POST /organization/projects/{-project}/certificates/deactivate admin.organization.projects.certificates.deactivate admin
GET /organization/projects/{-project}/data_retention admin.organization.projects.data_retention.retrieve admin
POST /organization/projects/{-project}/data_retention admin.organization.projects.data_retention.update admin
GET /organization/projects/{-project}/groups admin.organization.projects.groups.list admin
POST /organization/projects/{-project}/groups admin.organization.projects.groups.create admin
DELETE /organization/projects/{-project}/groups/{-group} admin.organization.projects.groups.delete admin
GET /organization/projects/{-project}/groups/{-group} admin.organization.projects.groups.retrieve admin
GET /organization/projects/{-project}/hosted_tool_permissions admin.organization.projects.hosted_tool_permissions.retrieve admin
POST /organization/projects/{-project}/hosted_tool_permissions admin.organization.projects.hosted_tool_permissions.update admin
DELETE /organization/projects/{-project}/model_permissions admin.organization.projects.model_permissions.delete admin
GET /organization/projects/{-project}/model_permissions admin.organization.projects.model_permissions.retrieve admin
POST /organization/projects/{-project}/model_permissions admin.organization.projects.model_permissions.update admin
GET /organization/projects/{-project}/rate_limits admin.organization.projects.rate_limits.list admin
POST /organization/projects/{-project}/rate_limits/{-rate_limit} admin.organization.projects.rate_limits.update admin
GET /organization/projects/{-project}/service_accounts admin.organization.projects.service_accounts.list admin
POST /organization/projects/{-project}/service_accounts admin.organization.projects.service_accounts.create admin secret
DELETE /organization/projects/{-project}/service_accounts/{-service_account} admin.organization.projects.service_accounts.delete admin
GET /organization/projects/{-project}/service_accounts/{-service_account} admin.organization.projects.service_accounts.retrieve admin
POST /organization/projects/{-project}/service_accounts/{-service_account} admin.organization.projects.service_accounts.update admin
POST /organization/projects/{-project}/service_accounts/{-service_account}/api_keys admin.organization.projects.service_accounts.api_keys.create admin secret
GET /organization/projects/{-project}/service_tier_settings admin.organization.projects.service_tier_settings.retrieve admin
POST /organization/projects/{-project}/service_tier_settings admin.organization.projects.service_tier_settings.update admin
GET /organization/projects/{-project}/spend_alerts admin.organization.projects.spend_alerts.list admin
POST /organization/projects/{-project}/spend_alerts admin.organization.projects.spend_alerts.create admin
DELETE /organization/projects/{-project}/spend_alerts/{-alert} admin.organization.projects.spend_alerts.delete admin
GET /organization/projects/{-project}/spend_alerts/{-alert} admin.organization.projects.spend_alerts.retrieve admin
POST /organization/projects/{-project}/spend_alerts/{-alert} admin.organization.projects.spend_alerts.update admin
DELETE /organization/projects/{-project}/spend_limit admin.organization.projects.spend_limit.delete admin
GET /organization/projects/{-project}/spend_limit admin.organization.projects.spend_limit.retrieve admin
POST /organization/projects/{-project}/spend_limit admin.organization.projects.spend_limit.update admin
GET /organization/projects/{-project}/users admin.organization.projects.users.list admin
POST /organization/projects/{-project}/users admin.organization.projects.users.create admin
DELETE /organization/projects/{-project}/users/{-user} admin.organization.projects.users.delete admin
GET /organization/projects/{-project}/users/{-user} admin.organization.projects.users.retrieve admin
POST /organization/projects/{-project}/users/{-user} admin.organization.projects.users.update admin
GET /organization/roles admin.organization.roles.list admin
POST /organization/roles admin.organization.roles.create admin
DELETE /organization/roles/{-role} admin.organization.roles.delete admin
GET /organization/roles/{-role} admin.organization.roles.retrieve admin
POST /organization/roles/{-role} admin.organization.roles.update admin
GET /organization/spend_alerts admin.organization.spend_alerts.list admin
POST /organization/spend_alerts admin.organization.spend_alerts.create admin
DELETE /organization/spend_alerts/{-alert} admin.organization.spend_alerts.delete admin
GET /organization/spend_alerts/{-alert} admin.organization.spend_alerts.retrieve admin
POST /organization/spend_alerts/{-alert} admin.organization.spend_alerts.update admin
DELETE /organization/spend_limit admin.organization.spend_limit.delete admin
GET /organization/spend_limit admin.organization.spend_limit.retrieve admin
POST /organization/spend_limit admin.organization.spend_limit.update admin
GET /organization/usage/audio_speeches admin.organization.usage.audio_speeches admin
GET /organization/usage/audio_transcriptions admin.organization.usage.audio_transcriptions admin
GET /organization/usage/code_interpreter_sessions admin.organization.usage.code_interpreter_sessions admin
GET /organization/usage/completions admin.organization.usage.completions admin
GET /organization/usage/decisions admin.organization.usage.decisions admin
GET /organization/usage/embeddings admin.organization.usage.embeddings admin
GET /organization/usage/file_search_calls admin.organization.usage.file_search_calls admin
GET /organization/usage/images admin.organization.usage.images admin
GET /organization/usage/moderations admin.organization.usage.moderations admin
GET /organization/usage/vector_stores admin.organization.usage.vector_stores admin
GET /organization/usage/web_search_calls admin.organization.usage.web_search_calls admin
GET /organization/users admin.organization.users.list admin
DELETE /organization/users/{-user} admin.organization.users.delete admin
GET /organization/users/{-user} admin.organization.users.retrieve admin
POST /organization/users/{-user} admin.organization.users.update admin
GET /organization/users/{-user}/roles admin.organization.users.roles.list admin
POST /organization/users/{-user}/roles admin.organization.users.roles.create admin
DELETE /organization/users/{-user}/roles/{-role} admin.organization.users.roles.delete admin
GET /organization/users/{-user}/roles/{-role} admin.organization.users.roles.retrieve admin
GET /organization/workload_identity_providers admin.organization.workload_identity_providers.list admin
POST /organization/workload_identity_providers admin.organization.workload_identity_providers.create admin
DELETE /organization/workload_identity_providers/{-workload_identity_provider} admin.organization.workload_identity_providers.delete admin
GET /organization/workload_identity_providers/{-workload_identity_provider} admin.organization.workload_identity_providers.retrieve admin
POST /organization/workload_identity_providers/{-workload_identity_provider} admin.organization.workload_identity_providers.update admin
GET /organization/workload_identity_providers/{-workload_identity_provider}/federation_rules admin.organization.workload_identity_providers.federation_rules.list admin
POST /organization/workload_identity_providers/{-workload_identity_provider}/federation_rules admin.organization.workload_identity_providers.federation_rules.create admin
DELETE /organization/workload_identity_providers/{-workload_identity_provider}/federation_rules/{-workload_identity_federation_rule} admin.organization.workload_identity_providers.federation_rules.delete admin
GET /organization/workload_identity_providers/{-workload_identity_provider}/federation_rules/{-workload_identity_federation_rule} admin.organization.workload_identity_providers.federation_rules.retrieve admin
POST /organization/workload_identity_providers/{-workload_identity_provider}/federation_rules/{-workload_identity_federation_rule} admin.organization.workload_identity_providers.federation_rules.update admin
GET /projects/{-project}/groups/{-group}/roles admin.organization.projects.groups.roles.list admin
POST /projects/{-project}/groups/{-group}/roles admin.organization.projects.groups.roles.create admin
DELETE /projects/{-project}/groups/{-group}/roles/{-role} admin.organization.projects.groups.roles.delete admin
GET /projects/{-project}/groups/{-group}/roles/{-role} admin.organization.projects.groups.roles.retrieve admin
GET /projects/{-project}/roles admin.organization.projects.roles.list admin
POST /projects/{-project}/roles admin.organization.projects.roles.create admin
DELETE /projects/{-project}/roles/{-role} admin.organization.projects.roles.delete admin
GET /projects/{-project}/roles/{-role} admin.organization.projects.roles.retrieve admin
POST /projects/{-project}/roles/{-role} admin.organization.projects.roles.update admin
GET /projects/{-project}/users/{-user}/roles admin.organization.projects.users.roles.list admin
POST /projects/{-project}/users/{-user}/roles admin.organization.projects.users.roles.create admin
DELETE /projects/{-project}/users/{-user}/roles/{-role} admin.organization.projects.users.roles.delete admin
GET /projects/{-project}/users/{-user}/roles/{-role} admin.organization.projects.users.roles.retrieve admin
POST /realtime/calls realtime.calls.create form sdp model
POST /realtime/calls/{realtime_call}/accept realtime.calls.accept model
POST /realtime/calls/{realtime_call}/hangup realtime.calls.hangup
POST /realtime/calls/{realtime_call}/refer realtime.calls.refer
POST /realtime/calls/{realtime_call}/reject realtime.calls.reject
POST /realtime/client_secrets realtime.client_secrets.create model grant
POST /realtime/sessions realtime.sessions.create model grant
POST /realtime/transcription_sessions realtime.transcription_sessions.create model grant
POST /realtime/translations/client_secrets realtime.translations.client_secrets.create model grant
POST /responses responses.create sse model makes=response
POST /responses/compact responses.compact model makes=response
POST /responses/input_tokens responses.input_tokens model
DELETE /responses/{response} responses.delete
GET /responses/{response} responses.retrieve sse
POST /responses/{response}/cancel responses.cancel
GET /responses/{response}/input_items responses.input_items
GET /safety/alerts/{-id} safety.alerts.retrieve
GET /safety/cases/{-id} safety.cases.retrieve
GET /skills skills.list lists=skill
POST /skills skills.create form makes=skill
DELETE /skills/{skill} skills.delete
GET /skills/{skill} skills.retrieve
POST /skills/{skill} skills.update
GET /skills/{skill}/content skills.content bytes
GET /skills/{skill}/versions skills.versions.list
POST /skills/{skill}/versions skills.versions.create form
DELETE /skills/{skill}/versions/{-version} skills.versions.delete
GET /skills/{skill}/versions/{-version} skills.versions.retrieve
GET /skills/{skill}/versions/{-version}/content skills.versions.content bytes
POST /threads threads.create makes=thread
POST /threads/runs threads.create_and_run sse model
DELETE /threads/{thread} threads.delete
GET /threads/{thread} threads.retrieve
POST /threads/{thread} threads.update
GET /threads/{thread}/messages threads.messages.list
POST /threads/{thread}/messages threads.messages.create
DELETE /threads/{thread}/messages/{-message} threads.messages.delete
GET /threads/{thread}/messages/{-message} threads.messages.retrieve
POST /threads/{thread}/messages/{-message} threads.messages.update
GET /threads/{thread}/runs threads.runs.list
POST /threads/{thread}/runs threads.runs.create sse model
GET /threads/{thread}/runs/{-run} threads.runs.retrieve
POST /threads/{thread}/runs/{-run} threads.runs.update
POST /threads/{thread}/runs/{-run}/cancel threads.runs.cancel
GET /threads/{thread}/runs/{-run}/steps threads.runs.steps.list
GET /threads/{thread}/runs/{-run}/steps/{-step} threads.runs.steps.retrieve
POST /threads/{thread}/runs/{-run}/submit_tool_outputs threads.runs.submit_tool_outputs sse
POST /uploads uploads.create makes=upload
POST /uploads/{upload}/cancel uploads.cancel
POST /uploads/{upload}/complete uploads.complete makes=upload
POST /uploads/{upload}/parts uploads.parts.create form
GET /vaults vaults.list lists=vault
POST /vaults vaults.create makes=vault
DELETE /vaults/{vault} vaults.delete
GET /vaults/{vault} vaults.retrieve
POST /vaults/{vault} vaults.update
GET /vaults/{vault}/credentials vaults.credentials.list
POST /vaults/{vault}/credentials vaults.credentials.create makes=vault_credential
DELETE /vaults/{vault}/credentials/{vault_credential} vaults.credentials.delete
GET /vaults/{vault}/credentials/{vault_credential} vaults.credentials.retrieve
POST /vaults/{vault}/credentials/{vault_credential} vaults.credentials.update
GET /vector_stores vector_stores.list lists=vector_store
POST /vector_stores vector_stores.create makes=vector_store
DELETE /vector_stores/{vector_store} vector_stores.delete
GET /vector_stores/{vector_store} vector_stores.retrieve
POST /vector_stores/{vector_store} vector_stores.update
POST /vector_stores/{vector_store}/file_batches vector_stores.file_batches.create
GET /vector_stores/{vector_store}/file_batches/{-batch} vector_stores.file_batches.retrieve
POST /vector_stores/{vector_store}/file_batches/{-batch}/cancel vector_stores.file_batches.cancel
GET /vector_stores/{vector_store}/file_batches/{-batch}/files vector_stores.file_batches.files
GET /vector_stores/{vector_store}/files vector_stores.files.list
POST /vector_stores/{vector_store}/files vector_stores.files.create
DELETE /vector_stores/{vector_store}/files/{-file} vector_stores.files.delete
GET /vector_stores/{vector_store}/files/{-file} vector_stores.files.retrieve
POST /vector_stores/{vector_store}/files/{-file} vector_stores.files.update
GET /vector_stores/{vector_store}/files/{-file}/content vector_stores.files.content
POST /vector_stores/{vector_store}/search vector_stores.search
GET /videos videos.list lists=video
POST /videos videos.create form model makes=video
POST /videos/characters videos.characters.create form makes=video_character
GET /videos/characters/{video_character} videos.characters.retrieve
POST /videos/edits videos.edits form makes=video
POST /videos/extensions videos.extensions form makes=video
DELETE /videos/{video} videos.delete
GET /videos/{video} videos.retrieve
GET /videos/{video}/content videos.content bytes
POST /videos/{video}/remix videos.remix makes=video
GET /webhook_endpoints webhooks.list lists=webhook_endpoint
POST /webhook_endpoints webhooks.create secret makes=webhook_endpoint
DELETE /webhook_endpoints/{webhook_endpoint} webhooks.delete
GET /webhook_endpoints/{webhook_endpoint} webhooks.retrieve
POST /webhook_endpoints/{webhook_endpoint} webhooks.update
POST /webhook_endpoints/{webhook_endpoint}/rotate_secret webhooks.rotate_secret secret
POST /webhook_endpoints/{webhook_endpoint}/test webhooks.test
GET /webhook_event_types webhooks.event_types

POST /evals/{eval}/runs/{-run} evals.runs.update
POST /tollgate/exchanges/{-exchange}/reveal exchanges.reveal local
POST /traces/ingest traces.ingest local
WS /live/sessions live.sessions.connect model makes=live_session
WS /live/sessions/{live_session}/attach live.sessions.attach
WS /live/sessions/{live_session}/fork live.sessions.fork_connect makes=live_session
WS /realtime realtime.connect model
WS /realtime/translations realtime.translations.connect model
WS /responses responses.connect
`;
