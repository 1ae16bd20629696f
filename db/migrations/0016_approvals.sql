CREATE TABLE "approval_exchanges" (
	"approval_id" uuid NOT NULL,
	"exchange_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "approval_exchanges_approval_id_exchange_id_pk" PRIMARY KEY("approval_id","exchange_id")
);
--> statement-breakpoint
CREATE TABLE "approval_votes" (
	"approval_id" uuid NOT NULL,
	"person" text NOT NULL,
	"name" text NOT NULL,
	"vote" text NOT NULL,
	"reason" text,
	"groups" text[],
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "approval_votes_approval_id_person_pk" PRIMARY KEY("approval_id","person")
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"digest" text NOT NULL,
	"question_digest" text NOT NULL,
	"code" text NOT NULL,
	"question" text NOT NULL,
	"about" text,
	"from" json NOT NULL,
	"people" smallint NOT NULL,
	"within_seconds" integer NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"caller_kind" text NOT NULL,
	"barred" text[] NOT NULL,
	"connection" text NOT NULL,
	"operation" text NOT NULL,
	"model" text,
	"exchange_id" uuid NOT NULL,
	"revision" text NOT NULL,
	"data_revision" text NOT NULL,
	"facts" json NOT NULL,
	"sealed" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"deadline" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"used_by" uuid
);
--> statement-breakpoint
ALTER TABLE "approval_exchanges" ADD CONSTRAINT "approval_exchanges_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_votes" ADD CONSTRAINT "approval_votes_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approval_exchanges_exchange" ON "approval_exchanges" USING btree ("exchange_id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_open" ON "approvals" USING btree ("digest","question_digest") WHERE "approvals"."state" in ('pending', 'approved');--> statement-breakpoint
CREATE INDEX "approvals_question" ON "approvals" USING btree ("digest","question_digest","created_at");--> statement-breakpoint
CREATE INDEX "approvals_state" ON "approvals" USING btree ("state","created_at");--> statement-breakpoint
CREATE INDEX "approvals_created" ON "approvals" USING btree ("created_at");--> statement-breakpoint
CREATE TRIGGER approval_votes_only_added BEFORE UPDATE OR DELETE ON approval_votes FOR EACH ROW EXECUTE FUNCTION refuse_change();--> statement-breakpoint
CREATE TRIGGER approval_exchanges_only_added BEFORE UPDATE OR DELETE ON approval_exchanges FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER approvals_never_deleted BEFORE DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();--> statement-breakpoint
CREATE TRIGGER approvals_stay_what_was_asked BEFORE UPDATE OF "id", "tenant", "digest", "question_digest", "code", "question", "about", "from", "people", "within_seconds", "issuer", "subject", "caller_kind", "barred", "connection", "operation", "exchange_id", "facts", "sealed", "key_id", "created_at", "deadline" ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
