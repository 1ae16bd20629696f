CREATE TABLE "conversation_turns" (
	"connection" text NOT NULL,
	"conversation_id" text NOT NULL,
	"exchange_id" uuid NOT NULL,
	"added" json NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "conversation_turns_connection_conversation_id_exchange_id_pk" PRIMARY KEY("connection","conversation_id","exchange_id")
);
--> statement-breakpoint
CREATE TABLE "spans" (
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"trace_id" text NOT NULL,
	"id" text NOT NULL,
	"parent_id" text,
	"type" text,
	"name" text,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"failed" boolean NOT NULL,
	"response_id" text,
	"exchange_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "spans_tenant_issuer_subject_trace_id_id_pk" PRIMARY KEY("tenant","issuer","subject","trace_id","id")
);
--> statement-breakpoint
CREATE TABLE "traces" (
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"id" text NOT NULL,
	"workflow" text,
	"group_id" text,
	"exchange_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "traces_tenant_issuer_subject_id_pk" PRIMARY KEY("tenant","issuer","subject","id")
);
--> statement-breakpoint
ALTER TABLE "exchange_ends" ADD COLUMN "held" json;--> statement-breakpoint
ALTER TABLE "objects" ADD COLUMN "groups" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
CREATE INDEX "spans_response" ON "spans" USING btree ("response_id") WHERE "spans"."response_id" is not null;--> statement-breakpoint
CREATE INDEX "traces_group" ON "traces" USING btree ("group_id");--> statement-breakpoint
CREATE INDEX "objects_subject" ON "objects" USING btree ("subject","kind");