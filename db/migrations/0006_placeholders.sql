CREATE TABLE "placeholders" (
	"session_id" uuid NOT NULL,
	"placeholder" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "placeholders_session_id_placeholder_pk" PRIMARY KEY("session_id","placeholder")
);
--> statement-breakpoint
CREATE INDEX "placeholders_expiry" ON "placeholders" USING btree ("expires_at");