ALTER TABLE "service_accounts" ADD COLUMN "agent" json;--> statement-breakpoint
ALTER TABLE "service_accounts" ADD COLUMN "attributes" json DEFAULT '{}'::json NOT NULL;--> statement-breakpoint
ALTER TABLE "service_accounts" ADD COLUMN "initiator" text;