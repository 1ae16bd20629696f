CREATE TABLE "masked_values" (
	"exchange_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"tenant" text NOT NULL,
	"direction" text NOT NULL,
	"outcome" text NOT NULL,
	"class" text NOT NULL,
	"detector" text,
	"operator" text NOT NULL,
	"code" text NOT NULL,
	"kind" text,
	"place" text,
	"count" integer NOT NULL,
	"value_hash" text,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "masked_values_exchange_id_seq_pk" PRIMARY KEY("exchange_id","seq")
);
--> statement-breakpoint
CREATE INDEX "masked_values_hash" ON "masked_values" USING btree ("value_hash","exchange_id") WHERE "masked_values"."value_hash" is not null;