CREATE TABLE "reveals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"tenant" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"exchange_id" uuid,
	"reason" text,
	"outcome" text NOT NULL,
	"code" text,
	"lines" integer[] DEFAULT '{}'::integer[] NOT NULL
);
--> statement-breakpoint
CREATE INDEX "reveals_exchange" ON "reveals" USING btree ("exchange_id","id");--> statement-breakpoint
CREATE INDEX "reveals_caller" ON "reveals" USING btree ("tenant","issuer","subject","at");--> statement-breakpoint
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'Rows of % are only added.', TG_TABLE_NAME;
END
$$;--> statement-breakpoint
CREATE TRIGGER reveals_only_added BEFORE UPDATE OR DELETE ON reveals FOR EACH ROW EXECUTE FUNCTION refuse_change();
