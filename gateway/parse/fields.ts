// What the members of the API's objects hold, by name: which strings are no text, which are references or media.

/** Strings of these members are no text as long as they look like an id or an enumerated value; they are searched all the same. */
export const TOKENS: ReadonlySet<string> = words(`
  action agent_id event_id response_id stream_id approval_request_id assistant_id background button call_id caller_id character_id comparison_response_id completion_window connector_id consent_id
  container container_id context_compression conversation created_by detail effort encoding_format endpoint environment
  environment_id eval_id execution file_id fingerprint finish_reason format generate_summary id image_detail include input_fidelity
  input_file_id item_id memory_limit modalities mode model moderation moderation_stage object output_format parallel_tool_calls
  phase previous_response_id prompt_cache_retention quality ranker reasoning_effort require_approval role
  search_content_types search_context_size service_tier size skill_id status stream_format summary syntax system_fingerprint
  thread_id tool_call_id tool_choice training_file truncation ttl type validation_file vault_id vector_store_id verbosity
  version video_id
`);

/** Maps that a person or a model fills freely: every string and every member name below is text. */
export const FREE: ReadonlySet<string> = words(
  "arguments attributes env filters input_schema metadata output_schema parameters schema variables",
);

/** Ciphertext, bound to its item: it cannot be read and must not be changed. */
export const CIPHERTEXT: ReadonlySet<string> = words("encrypted_content signature thought_signature");

/** A third party's credentials, which a tool's definition carries in clear: kept out of the texts. */
export const CREDENTIALS: ReadonlySet<string> = words("authorization headers");

/** Members that repeat texts token by token, or pad: `facts.logprobs` tells that they were asked for. */
export const REPEATED: ReadonlySet<string> = words("logprobs obfuscation top_logprobs");

/** Media as base64, as data URLs, or by an address. */
export const MEDIA: ReadonlySet<string> = words(
  "audio b64_json data embedding file_data file_url image_url partial_image_b64 result url",
);

/** Member names of the API and of JSON Schema. A name that is not here is text: someone chose it. */
export const NAMES: ReadonlySet<string> = new Set([
  ...TOKENS,
  ...FREE,
  ...CIPHERTEXT,
  ...CREDENTIALS,
  ...REPEATED,
  ...MEDIA,
  ...words(`
  accepted_prediction_tokens access_programs acknowledged_safety_checks actions agents allOf allow allowed_callers generate session steer
  allowed_domains allowed_tools always annotations anyOf approve approximate arguments async audio audio_tokens
  blocked_domains branch cache_read_tokens cache_write_tokens cached_tokens categories category choices city code
  command commands compact_threshold completed_at completion_tokens completion_tokens_details content
  context_management country created created_at custom cyber defer_loading definition delta description detached
  diff display_height display_width encrypted end_index enum error exit_code expires_after expires_at
  external_web_access file file_ids filename filter first_id flagged frequency_penalty function function_call
  functions grammar has_more image include_obfuscation include_usage incomplete_details index input input_audio
  input_image_mask input_tokens input_tokens_details instructions items json_schema keys last_id lat latitude
  logit_bias logs longitude max_completion_tokens max_num_results max_output_length max_output_tokens max_tokens
  max_tool_calls message messages moderation_details n name namespace network_policy never not oneOf operation
  optional outcome output output_compression output_index output_text output_tokens output_tokens_details outputs
  param partial_images path pattern pending_safety_checks policy prediction presence_penalty prompt
  prompt_cache_breakpoint prompt_cache_key prompt_cache_options prompt_tokens prompt_tokens_details properties
  queries query ranking_options read_only reason reasoning reasoning_content reasoning_tokens refusal region
  rejected_prediction_tokens required response response_format results revised_prompt safety_identifier score
  score_threshold scroll_x scroll_y seed sequence_number server_description server_label server_url skills source
  sources start_index stderr stdout stop store stream stream_options strict suffix temperature text timeout_ms
  timezone title tokens tool tool_calls tool_names tool_usage tools top_p total_tokens transcript tunnel_id
  url_citation usage user user_location vector_store_ids video voice web_search_options working_directory x y
  `),
]);

/** Keywords of JSON Schema: as member names below a tool's `parameters` they are no text. */
export const SCHEMA_KEYWORDS: ReadonlySet<string> = words(`
  $defs $id $ref $schema additionalProperties allOf anyOf const default definitions deprecated description enum
  examples exclusiveMaximum exclusiveMinimum format items maxItems maxLength maximum minItems minLength minimum
  multipleOf not nullable oneOf pattern prefixItems properties readOnly required title type uniqueItems writeOnly
`);

const TOKEN = /^[A-Za-z0-9_.:/-]{0,256}$/;
const CIPHER = /^[A-Za-z0-9+/=_.:-]*$/;
/** Ciphertext and media are longer: what is shorter may be anything, and is searched. */
const SHORT = 256;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Tells whether a string looks like an id or an enumerated value: no sentence does. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Tells whether a string looks like ciphertext or base64: no space, no line break. */
export function isCipher(text: string): boolean {
  return CIPHER.test(text);
}

/** Tells whether a string is long enough for ciphertext or media: nobody could say what stands in it. */
export function isLong(text: string): boolean {
  return text.length >= SHORT;
}

/** Tells whether a string is long enough for media, and looks like it. */
export function isBlob(text: string): boolean {
  return isLong(text) && BASE64.test(text);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
