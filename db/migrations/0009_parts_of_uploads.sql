CREATE TABLE "upload_parts" (
	"key" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "upload_parts_owner" ON "upload_parts" USING btree ("owner","at");--> statement-breakpoint
CREATE INDEX "upload_parts_at" ON "upload_parts" USING btree ("at");