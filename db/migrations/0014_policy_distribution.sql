CREATE TABLE "gateways" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"address" text NOT NULL,
	"version" text NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"policies" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policy_activations" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"gateway" text NOT NULL,
	"bundle" text NOT NULL,
	"kind" text NOT NULL,
	"revision" text,
	"digest" text,
	"serial" bigint,
	"by" text NOT NULL,
	"why" text
);
--> statement-breakpoint
CREATE TABLE "policy_bundles" (
	"name" text NOT NULL,
	"revision" text NOT NULL,
	"digest" text NOT NULL,
	"serial" bigint,
	"bytes" "bytea" NOT NULL,
	"first_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "policy_bundles_name_digest_pk" PRIMARY KEY("name","digest")
);
--> statement-breakpoint
CREATE TABLE "policy_orders" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"bundle" text NOT NULL,
	"kind" text NOT NULL,
	"digest" text,
	"by" text NOT NULL,
	"why" text
);
--> statement-breakpoint
CREATE INDEX "policy_activations_bundle" ON "policy_activations" USING btree ("bundle","seq");--> statement-breakpoint
CREATE INDEX "policy_bundles_revision" ON "policy_bundles" USING btree ("revision");--> statement-breakpoint
CREATE INDEX "policy_orders_bundle" ON "policy_orders" USING btree ("bundle","seq");--> statement-breakpoint
CREATE TRIGGER policy_bundles_only_added BEFORE UPDATE OR DELETE ON policy_bundles FOR EACH ROW EXECUTE FUNCTION refuse_change();--> statement-breakpoint
CREATE TRIGGER policy_orders_only_added BEFORE UPDATE OR DELETE ON policy_orders FOR EACH ROW EXECUTE FUNCTION refuse_change();--> statement-breakpoint
CREATE TRIGGER policy_activations_only_added BEFORE UPDATE OR DELETE ON policy_activations FOR EACH ROW EXECUTE FUNCTION refuse_change();
