CREATE TABLE "client_secrets" (
	"hash" "bytea" PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"connection" text NOT NULL,
	"exchange_id" uuid NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "client_secrets_expiry" ON "client_secrets" USING btree ("expires_at");