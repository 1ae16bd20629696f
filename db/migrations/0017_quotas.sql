CREATE TABLE "quota_buckets" (
	"counter" text NOT NULL,
	"start" timestamp with time zone NOT NULL,
	"used" bigint NOT NULL,
	CONSTRAINT "quota_buckets_counter_start_pk" PRIMARY KEY("counter","start")
);
--> statement-breakpoint
CREATE TABLE "quota_counters" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"unit" text NOT NULL,
	"span" text,
	"sliding" boolean NOT NULL,
	"most" bigint NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quota_holders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"beat" bigint NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quota_reservations" (
	"exchange_id" uuid NOT NULL,
	"counter" text NOT NULL,
	"holder" uuid NOT NULL,
	"start" timestamp with time zone NOT NULL,
	"amount" bigint NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "quota_reservations_exchange_id_counter_pk" PRIMARY KEY("exchange_id","counter")
);
--> statement-breakpoint
CREATE INDEX "quota_counters_name" ON "quota_counters" USING btree ("name");--> statement-breakpoint
CREATE INDEX "quota_reservations_holder" ON "quota_reservations" USING btree ("holder");--> statement-breakpoint
CREATE INDEX "quota_reservations_counter" ON "quota_reservations" USING btree ("counter");--> statement-breakpoint
CREATE FUNCTION quota_start(span text, sliding boolean, at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN span IS NULL THEN to_timestamp(0)
		WHEN span !~ '^[0-9]+$' THEN date_trunc(span, at, 'UTC')
		WHEN sliding THEN to_timestamp(floor(extract(epoch FROM at) / ceil(span::numeric / 60)) * ceil(span::numeric / 60))
		ELSE to_timestamp(floor(extract(epoch FROM at) / span::numeric) * span::numeric)
	END
$$;
--> statement-breakpoint
-- When what a bucket holds no longer counts.
CREATE FUNCTION quota_end(span text, sliding boolean, start timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN span IS NULL THEN 'infinity'
		WHEN span !~ '^[0-9]+$' THEN ((start AT TIME ZONE 'UTC') + ('1 ' || span)::interval) AT TIME ZONE 'UTC'
		WHEN sliding THEN start + make_interval(secs => (span::numeric + ceil(span::numeric / 60))::double precision)
		ELSE start + make_interval(secs => span::double precision)
	END
$$;
--> statement-breakpoint
-- Takes back or settles what exchanges have reserved, then reserves for others, each of them all or nothing. Whoever
-- changes what a counter has used holds the counter's row; rows are locked in the order of their ids, by everybody.
CREATE FUNCTION quota_apply(holder uuid, counters json, settled json, asked json) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	now_at timestamptz;
	one json;
	answer json;
	answers json[] := '{}';
BEGIN
	INSERT INTO quota_counters (id, tenant, code, name, key, unit, span, sliding, most)
		SELECT c.id, c.tenant, c.code, c.name, c.key, c.unit, c.span, c.sliding, c.most
		FROM json_to_recordset(counters) AS c(id text, tenant text, code text, name text, key text, unit text, span text, sliding boolean, most bigint)
		ORDER BY c.id
		ON CONFLICT (id) DO NOTHING;
	PERFORM 1 FROM quota_counters WHERE id IN (
		SELECT t.counter FROM json_array_elements(asked) AS a, json_to_recordset(a -> 'take') AS t(counter text)
		UNION SELECT s.counter FROM json_to_recordset(settled) AS s(counter text)
	) ORDER BY id FOR NO KEY UPDATE;
	UPDATE quota_counters k SET most = c.most
		FROM json_to_recordset(counters) AS c(id text, most bigint) WHERE k.id = c.id AND k.most <> c.most;
	-- Time passes while locks are waited for.
	now_at := clock_timestamp();
	WITH gone AS (
		DELETE FROM quota_reservations r USING json_to_recordset(settled) AS s(id uuid, counter text, amount bigint)
		WHERE r.exchange_id = s.id AND r.counter = s.counter
		RETURNING r.counter, r.start, r.amount - greatest(0, least(s.amount, r.amount)) AS back
	)
	UPDATE quota_buckets b SET used = greatest(0, b.used - g.back)
		FROM (SELECT counter, start, sum(back) AS back FROM gone GROUP BY 1, 2) g
		WHERE b.counter = g.counter AND b.start = g.start AND g.back > 0;
	FOR one IN SELECT * FROM json_array_elements(asked) LOOP
		WITH wanted AS MATERIALIZED (
			SELECT t.counter, t.amount, t.hard, k.span, k.sliding, quota_start(k.span, k.sliding, now_at) AS start,
				coalesce((
					SELECT sum(b.used) FROM quota_buckets b WHERE b.counter = t.counter AND CASE
						WHEN k.sliding THEN quota_end(k.span, true, b.start) > now_at
						ELSE b.start = quota_start(k.span, false, now_at)
					END
				), 0) AS used
			FROM json_to_recordset(one -> 'take') AS t(counter text, amount bigint, hard bigint)
			JOIN quota_counters k ON k.id = t.counter
		), verdict AS (
			SELECT coalesce(bool_and(hard IS NULL OR used + amount <= hard), true) AS fits, count(*) AS known FROM wanted
		), bucket AS (
			INSERT INTO quota_buckets (counter, start, used)
				SELECT counter, start, amount FROM wanted, verdict WHERE fits ORDER BY counter
				ON CONFLICT (counter, start) DO UPDATE SET used = quota_buckets.used + excluded.used
		), reservation AS (
			INSERT INTO quota_reservations (exchange_id, counter, holder, start, amount)
				SELECT (one ->> 'id')::uuid, counter, quota_apply.holder, start, amount FROM wanted, verdict WHERE fits
		)
		SELECT json_build_object('fits', fits, 'known', known, 'counters', (
			SELECT json_agg(json_build_object(
				'counter', counter,
				'used', used,
				'ends', CASE WHEN span IS NULL THEN NULL ELSE extract(epoch FROM quota_end(span, sliding, start) - now_at) END,
				-- Until enough of what was used no longer counts.
				'wait', CASE WHEN span IS NULL OR hard IS NULL OR amount > hard OR used + amount <= hard THEN NULL
					WHEN NOT sliding THEN extract(epoch FROM quota_end(span, sliding, start) - now_at)
					ELSE (
						SELECT min(extract(epoch FROM o.ends - now_at)) FROM (
							SELECT quota_end(span, true, b.start) AS ends, sum(b.used) OVER (ORDER BY b.start) AS gone
							FROM quota_buckets b WHERE b.counter = wanted.counter AND quota_end(span, true, b.start) > now_at
						) o WHERE wanted.used - o.gone + amount <= hard
					) END
			)) FROM wanted
		)) INTO answer FROM verdict;
		IF (answer ->> 'known')::bigint <> json_array_length(one -> 'take') THEN
			RAISE EXCEPTION 'a counter is gone' USING ERRCODE = 'no_data_found';
		END IF;
		answers := answers || answer;
	END LOOP;
	RETURN array_to_json(answers);
END;
$$;
--> statement-breakpoint
-- Forgets processes that are gone, those whose number has not grown. What they had under way at once is free again; of
-- all else nobody knows what became of it, so it stays used.
CREATE FUNCTION quota_expire(dead json) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	lost uuid[];
	freed bigint;
BEGIN
	WITH locked AS (
		SELECT h.id FROM quota_holders h JOIN json_to_recordset(dead) AS d(id uuid, beat bigint) ON h.id = d.id AND h.beat = d.beat
		ORDER BY h.id FOR UPDATE OF h
	)
	SELECT coalesce(array_agg(id), '{}') INTO lost FROM locked;
	PERFORM 1 FROM quota_counters WHERE id IN (SELECT counter FROM quota_reservations WHERE holder = ANY (lost))
		ORDER BY id FOR NO KEY UPDATE;
	WITH gone AS (
		DELETE FROM quota_reservations r USING quota_counters k
		WHERE r.holder = ANY (lost) AND k.id = r.counter
		RETURNING r.counter, r.start, CASE WHEN k.span IS NULL THEN r.amount ELSE 0 END AS back
	), freed_of AS (
		UPDATE quota_buckets b SET used = greatest(0, b.used - g.back)
		FROM (SELECT counter, start, sum(back) AS back FROM gone GROUP BY 1, 2) g
		WHERE b.counter = g.counter AND b.start = g.start AND g.back > 0
	)
	SELECT count(*) INTO freed FROM gone;
	DELETE FROM quota_holders WHERE id = ANY (lost);
	RETURN freed;
END;
$$;
