CREATE TABLE "decision_log" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"exchange_id" uuid NOT NULL,
	"decision_seq" integer NOT NULL,
	"claimed_until" timestamp with time zone,
	"sent_at" timestamp with time zone,
	"refused" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "decision_log_state" (
	"id" smallint PRIMARY KEY NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"delivered_at" timestamp with time zone,
	"problem" text,
	"problem_at" timestamp with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "decision_log_decision" ON "decision_log" USING btree ("exchange_id","decision_seq");--> statement-breakpoint
CREATE INDEX "decision_log_waiting" ON "decision_log" USING btree ("seq") WHERE "decision_log"."sent_at" is null;--> statement-breakpoint
CREATE INDEX "decision_log_sent" ON "decision_log" USING btree ("sent_at");