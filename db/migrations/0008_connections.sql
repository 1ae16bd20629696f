CREATE TABLE "admin_actions" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"detail" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "connection_changes" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"connection" text NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "connection_credentials" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"version" integer NOT NULL,
	"is_current" boolean NOT NULL,
	"reference" text,
	"fingerprint" text,
	"sealed" "bytea" NOT NULL,
	"data_key" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"expires_at" timestamp with time zone,
	"destroyed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "connection_health" (
	"connection" text PRIMARY KEY NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	"succeeded_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"error_code" text,
	"failures" integer NOT NULL,
	"latency_ms" integer
);
--> statement-breakpoint
CREATE TABLE "connections" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"base_url" text NOT NULL,
	"labels" text[] DEFAULT '{}'::text[] NOT NULL,
	"unknown_ids" text NOT NULL,
	"organization" text,
	"project" text,
	"connect_ms" integer NOT NULL,
	"first_byte_ms" integer NOT NULL,
	"idle_ms" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"disabled_at" timestamp with time zone,
	"removed_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "connection_credentials" ADD CONSTRAINT "connection_credentials_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "connection_credentials_version" ON "connection_credentials" USING btree ("connection_id","purpose","version");--> statement-breakpoint
CREATE UNIQUE INDEX "connection_credentials_current" ON "connection_credentials" USING btree ("connection_id","purpose") WHERE "connection_credentials"."is_current";--> statement-breakpoint
CREATE UNIQUE INDEX "connections_name" ON "connections" USING btree ("name") WHERE "connections"."removed_at" is null;