CREATE TABLE "originals" (
	"exchange_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "originals_exchange_id_seq_pk" PRIMARY KEY("exchange_id","seq")
);
--> statement-breakpoint
CREATE INDEX "originals_at" ON "originals" USING btree ("at");--> statement-breakpoint
CREATE INDEX "masked_values_tenant" ON "masked_values" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "masked_values_unnamed" ON "masked_values" USING btree ("at") WHERE "masked_values"."value_hash" is null;--> statement-breakpoint
CREATE FUNCTION forget_values() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM originals WHERE exchange_id = OLD.id;
	DELETE FROM masked_values WHERE exchange_id = OLD.id;
	RETURN OLD;
END
$$;--> statement-breakpoint
CREATE TRIGGER exchanges_forget_values AFTER DELETE ON exchanges FOR EACH ROW EXECUTE FUNCTION forget_values();
