CREATE TABLE "decisions" (
	"exchange_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"phase" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"facts" json,
	"decision" json,
	"effect" text NOT NULL,
	"codes" text[] DEFAULT '{}'::text[] NOT NULL,
	"classes" text[] DEFAULT '{}'::text[] NOT NULL,
	"calls" jsonb,
	"timings" json,
	CONSTRAINT "decisions_exchange_id_seq_pk" PRIMARY KEY("exchange_id","seq")
);
--> statement-breakpoint
CREATE TABLE "denials" (
	"exchange_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"code" text NOT NULL,
	"call_id" text DEFAULT '' NOT NULL,
	"phase" text NOT NULL,
	"observed" boolean NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"tenant" text NOT NULL,
	"subject" text,
	"session_id" uuid,
	"revision" text,
	CONSTRAINT "denials_exchange_id_seq_code_call_id_observed_pk" PRIMARY KEY("exchange_id","seq","code","call_id","observed")
);
--> statement-breakpoint
CREATE TABLE "exchange_ends" (
	"exchange_id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"http_status" smallint,
	"error_code" text,
	"model" text,
	"usage" jsonb,
	"response_ids" text[] DEFAULT '{}'::text[] NOT NULL,
	"request_bytes" bigint,
	"answer_bytes" bigint,
	"timings" json
);
--> statement-breakpoint
CREATE TABLE "exchange_texts" (
	"exchange_id" uuid NOT NULL,
	"direction" text NOT NULL,
	"segments" json NOT NULL,
	CONSTRAINT "exchange_texts_exchange_id_direction_pk" PRIMARY KEY("exchange_id","direction")
);
--> statement-breakpoint
CREATE TABLE "exchanges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"session_id" uuid,
	"tenant" text NOT NULL,
	"issuer" text,
	"subject" text,
	"caller_kind" text,
	"groups" text[] DEFAULT '{}'::text[] NOT NULL,
	"acts_for" text,
	"credential_id" text,
	"connection" text,
	"operation" text NOT NULL,
	"method" text NOT NULL,
	"path" text NOT NULL,
	"model" text,
	"stream" boolean NOT NULL,
	"client" text,
	"facts" json,
	"decision" json,
	"effect" text NOT NULL,
	"codes" text[] DEFAULT '{}'::text[] NOT NULL,
	"classes" text[] DEFAULT '{}'::text[] NOT NULL,
	"revision" text,
	"data_revision" text,
	"timings" json,
	"history" text,
	"prompt_hash" text,
	"prompt_pointer" text,
	"call_outputs" text[] DEFAULT '{}'::text[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gateway_state" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"tenant" text NOT NULL,
	"subject" text,
	"exchange_id" uuid,
	"detail" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "item_labels" (
	"tenant" text NOT NULL,
	"item_hash" text NOT NULL,
	"label" text NOT NULL,
	"exchange_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "item_labels_tenant_item_hash_label_pk" PRIMARY KEY("tenant","item_hash","label")
);
--> statement-breakpoint
CREATE TABLE "keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_account_id" uuid NOT NULL,
	"hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"scopes" text[] DEFAULT '{}'::text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "keys_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "objects" (
	"connection" text NOT NULL,
	"kind" text NOT NULL,
	"id" text NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"session_id" uuid,
	"exchange_id" uuid,
	"labels" text[] DEFAULT '{}'::text[] NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "objects_connection_kind_id_pk" PRIMARY KEY("connection","kind","id")
);
--> statement-breakpoint
CREATE TABLE "policy_versions" (
	"revision" text NOT NULL,
	"data_revision" text NOT NULL,
	"overlay_digest" text,
	"overlay" jsonb,
	"first_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "policy_versions_revision_data_revision_pk" PRIMARY KEY("revision","data_revision")
);
--> statement-breakpoint
CREATE TABLE "projection_queue" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"exchange_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "replaced_calls" (
	"exchange_id" uuid NOT NULL,
	"call_id" text NOT NULL,
	"type" text NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"connection" text NOT NULL,
	"session_id" uuid,
	"response_id" text,
	"conversation_id" text,
	"message_id" text,
	"reasoning_ids" text[] DEFAULT '{}'::text[] NOT NULL,
	"item_id" text,
	"code" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "replaced_calls_exchange_id_call_id_pk" PRIMARY KEY("exchange_id","call_id")
);
--> statement-breakpoint
CREATE TABLE "revocations" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"id" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_by" text
);
--> statement-breakpoint
CREATE TABLE "service_accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"groups" text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"disabled_at" timestamp with time zone,
	CONSTRAINT "service_accounts_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "session_labels" (
	"session_id" uuid NOT NULL,
	"label" text NOT NULL,
	"tenant" text NOT NULL,
	"exchange_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "session_labels_session_id_label_pk" PRIMARY KEY("session_id","label")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"connection" text NOT NULL,
	"origin" text NOT NULL,
	"name" text,
	"started_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "texts" (
	"tenant" text NOT NULL,
	"hash" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "texts_tenant_hash_pk" PRIMARY KEY("tenant","hash")
);
--> statement-breakpoint
CREATE TABLE "tool_calls" (
	"exchange_id" uuid NOT NULL,
	"call_id" text NOT NULL,
	"seq" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"name" text,
	"type" text NOT NULL,
	"outcome" text NOT NULL,
	"codes" text[] DEFAULT '{}'::text[] NOT NULL,
	"arguments_digest" text,
	"arguments_bytes" integer,
	"tenant" text NOT NULL,
	"issuer" text,
	"subject" text,
	"session_id" uuid,
	"prompt_hash" text,
	"prompt_pointer" text,
	"output_exchange_id" uuid,
	CONSTRAINT "tool_calls_exchange_id_call_id_pk" PRIMARY KEY("exchange_id","call_id")
);
--> statement-breakpoint
CREATE TABLE "usage" (
	"exchange_id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text,
	"subject" text,
	"session_id" uuid,
	"connection" text,
	"operation" text NOT NULL,
	"model" text,
	"input_tokens" bigint NOT NULL,
	"cached_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"total_tokens" bigint NOT NULL,
	"estimated" boolean NOT NULL
);
--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_service_account_id_service_accounts_id_fk" FOREIGN KEY ("service_account_id") REFERENCES "public"."service_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "decisions_refused" ON "decisions" USING btree ("exchange_id") WHERE "decisions"."effect" <> 'allow';--> statement-breakpoint
CREATE INDEX "decisions_codes" ON "decisions" USING gin ("codes") WHERE "decisions"."codes" <> '{}';--> statement-breakpoint
CREATE INDEX "decisions_classes" ON "decisions" USING gin ("classes") WHERE "decisions"."classes" <> '{}';--> statement-breakpoint
CREATE INDEX "exchanges_session" ON "exchanges" USING btree ("session_id","id");--> statement-breakpoint
CREATE INDEX "exchanges_subject" ON "exchanges" USING btree ("subject","id");--> statement-breakpoint
CREATE INDEX "exchanges_model" ON "exchanges" USING btree ("model","id");--> statement-breakpoint
CREATE INDEX "exchanges_operation" ON "exchanges" USING btree ("operation","id");--> statement-breakpoint
CREATE INDEX "exchanges_revision" ON "exchanges" USING btree ("revision","id");--> statement-breakpoint
CREATE INDEX "exchanges_refused" ON "exchanges" USING btree ("effect","id") WHERE "exchanges"."effect" <> 'allow';--> statement-breakpoint
CREATE INDEX "exchanges_codes" ON "exchanges" USING gin ("codes") WHERE "exchanges"."codes" <> '{}';--> statement-breakpoint
CREATE INDEX "exchanges_classes" ON "exchanges" USING gin ("classes") WHERE "exchanges"."classes" <> '{}';--> statement-breakpoint
CREATE INDEX "exchanges_history" ON "exchanges" USING btree ("history","id" DESC NULLS FIRST) WHERE "exchanges"."history" is not null;--> statement-breakpoint
CREATE INDEX "keys_service_account" ON "keys" USING btree ("service_account_id");--> statement-breakpoint
CREATE INDEX "replaced_calls_response" ON "replaced_calls" USING btree ("response_id");--> statement-breakpoint
CREATE INDEX "replaced_calls_message" ON "replaced_calls" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "replaced_calls_conversation" ON "replaced_calls" USING btree ("conversation_id") WHERE "replaced_calls"."settled_at" is null;--> statement-breakpoint
CREATE INDEX "replaced_calls_reasoning" ON "replaced_calls" USING gin ("reasoning_ids");--> statement-breakpoint
CREATE INDEX "revocations_id" ON "revocations" USING btree ("id");--> statement-breakpoint
CREATE INDEX "session_labels_tenant" ON "session_labels" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "tool_calls_call" ON "tool_calls" USING btree ("call_id");--> statement-breakpoint
CREATE INDEX "tool_calls_name" ON "tool_calls" USING btree ("name","exchange_id");--> statement-breakpoint
CREATE INDEX "tool_calls_session" ON "tool_calls" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "tool_calls_output" ON "tool_calls" USING btree ("output_exchange_id") WHERE "tool_calls"."output_exchange_id" is not null;--> statement-breakpoint
CREATE INDEX "usage_session" ON "usage" USING btree ("session_id");