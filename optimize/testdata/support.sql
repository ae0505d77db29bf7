-- A support desk of many tenants: states as an enum, rows that are only marked as deleted, lists, ranges, documents,
-- readings that are only appended. No index but those of the keys.
CREATE TYPE state AS ENUM ('open', 'waiting', 'solved', 'spam');
CREATE TABLE tenant (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE ticket (
	id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenant, number integer NOT NULL, code varchar(20) NOT NULL, state state NOT NULL, priority smallint NOT NULL,
	assignee integer, tags text[] NOT NULL, body text NOT NULL, during tstzrange NOT NULL, created_at timestamp NOT NULL, updated_at timestamptz NOT NULL, deleted_at timestamptz, archived boolean NOT NULL);
CREATE TABLE attachment (id bigint PRIMARY KEY, ticket_id bigint NOT NULL REFERENCES ticket ON DELETE CASCADE, bytes bigint NOT NULL, hidden boolean NOT NULL);
CREATE TABLE reading (sensor integer NOT NULL, at timestamptz NOT NULL, value float8 NOT NULL);
CREATE TABLE audit (id bigint PRIMARY KEY, at timestamptz NOT NULL, payload jsonb NOT NULL);
INSERT INTO tenant SELECT md5(i::text)::uuid, 'tenant-' || i FROM generate_series(1, 200) i;
INSERT INTO ticket SELECT i, md5((1 + floor(200 * power(hash(i, 1), 2)))::bigint::text)::uuid, i % 15000, 'T-' || i,
	(CASE WHEN hash(i, 2) < 0.03 THEN 'open' WHEN hash(i, 2) < 0.05 THEN 'waiting' WHEN hash(i, 2) < 0.99 THEN 'solved' ELSE 'spam' END)::state, 1 + floor(4 * hash(i, 3)),
	CASE WHEN hash(i, 4) < 0.6 THEN 1 + floor(300 * hash(i, 5)) END, ARRAY['t' || floor(2000 * hash(i, 6)), 'all', 'k' || i % 7],
	'the customer ' || md5(i::text) || ' asks for ' || CASE WHEN hash(i, 7) < 0.004 THEN 'a refund of an invoice ' ELSE 'help ' END || md5((i * 3)::text),
	tstzrange(timestamptz '2022-01-01' + hash(i, 8) * interval '800 days', timestamptz '2022-01-01' + hash(i, 8) * interval '800 days' + hash(i, 9) * interval '20 hours'),
	timestamp '2022-01-01' + hash(i, 10) * interval '800 days', timestamptz '2022-01-01' + hash(i, 11) * interval '900 days',
	CASE WHEN hash(i, 12) < 0.3 THEN timestamptz '2024-06-01' END, hash(i, 13) < 0.02
FROM generate_series(1, 60000) i;
INSERT INTO attachment SELECT i, 1 + floor(60000 * hash(i, 20)), floor(1000000 * hash(i, 21)), hash(i, 22) < 0.5 FROM generate_series(1, 60000) i;
INSERT INTO reading SELECT i % 2000, timestamptz '2024-01-01' + i * interval '7 seconds', hash(i, 30) FROM generate_series(1, 100000) i;
INSERT INTO audit SELECT i, timestamptz '2024-01-01' + i * interval '20 seconds', jsonb_build_object('type', CASE WHEN hash(i, 40) < 0.01 THEN 'login_failed' ELSE 'view' END, 'user', 'u' || i % 9000, 'amount', floor(10000 * hash(i, 41))) FROM generate_series(1, 60000) i;
CREATE EXTENSION hypopg;
CHECKPOINT;
VACUUM ANALYZE tenant;
VACUUM ANALYZE ticket;
VACUUM ANALYZE attachment;
VACUUM ANALYZE reading;
VACUUM ANALYZE audit;
