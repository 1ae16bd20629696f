DROP INDEX "exchanges_history";--> statement-breakpoint
ALTER TABLE "exchange_ends" ADD COLUMN "history" text;--> statement-breakpoint
CREATE INDEX "exchange_ends_history" ON "exchange_ends" USING btree ("history") WHERE "exchange_ends"."history" is not null;--> statement-breakpoint
ALTER TABLE "exchanges" DROP COLUMN "history";