// Package applike makes the database of an application like many, for the tests and the bench of optimize.
package applike

import "fmt"

// SQL are statements that make organisations with users, their orders, and events. The rows are made by the database from
// their numbers, so that every run has the same. Scale 1 is 500,000 users.
func SQL(scale float64) string {
	count := func(n float64) int { return int(n * scale) }
	return Hash + fmt.Sprintf(`
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (
	id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, email text NOT NULL, name text NOT NULL, phone varchar(20),
	country text NOT NULL, city text NOT NULL, status text NOT NULL, deleted_at timestamptz, created_at timestamptz NOT NULL,
	last_login timestamptz, profile jsonb NOT NULL, bio text NOT NULL);
CREATE TABLE orders (
	id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, org_id bigint NOT NULL, status text NOT NULL,
	total numeric(12, 2) NOT NULL, created_at timestamptz NOT NULL, ext_id text NOT NULL);
CREATE TABLE events (id bigint PRIMARY KEY, user_id bigint NOT NULL, kind text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);

INSERT INTO orgs SELECT i, 'Org ' || i FROM generate_series(1, %[1]d) i;
INSERT INTO users SELECT i, 1 + floor(%[1]d * power(hash(i, 1), 3)), 'User' || i || '@example.org', md5(i::text) || ' ' || md5((i * 7)::text),
	'+49' || (100000 + i), 'C' || (i %% 500) / 25, 'City' || i %% 500, CASE WHEN hash(i, 2) < 0.02 THEN 'pending' WHEN hash(i, 2) < 0.05 THEN 'blocked' ELSE 'active' END,
	CASE WHEN hash(i, 3) < 0.1 THEN timestamptz '2024-06-01' + hash(i, 4) * interval '200 days' END,
	timestamptz '2020-01-01' + hash(i, 5) * interval '1500 days',
	CASE WHEN hash(i, 6) < 0.7 THEN timestamptz '2024-01-01' + hash(i, 7) * interval '300 days' END,
	jsonb_build_object('ref', 'r' || i %% 40000, 'plan', 'p' || i %% 3), repeat(md5(i::text), 5)
FROM generate_series(1, %[2]d) i;
INSERT INTO orders SELECT i, 1 + floor(%[2]d * hash(i, 11)), 1 + floor(%[1]d * hash(i, 12)), CASE WHEN hash(i, 13) < 0.1 THEN 'open' ELSE 'paid' END,
	round((1 + 500 * hash(i, 14))::numeric, 2), timestamptz '2022-01-01' + hash(i, 15) * interval '1000 days', 'X' || i
FROM generate_series(1, %[3]d) i;
INSERT INTO events SELECT i, 1 + floor(%[2]d * hash(i, 21)), 'k' || i %% 5, timestamptz '2024-01-01' + i * interval '10 seconds'
FROM generate_series(1, %[4]d) i;
INSERT INTO countries SELECT 'C' || i, 'Country ' || i FROM generate_series(0, 19) i;
`, count(2000), count(500_000), count(1_200_000), count(1_500_000))
}

// Hash makes hash(i, salt), a number from 0 to 1 that looks random.
const Hash = `CREATE FUNCTION hash(i bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	$$SELECT (hashint8extended(i, salt) & 9007199254740991)::float8 / 9007199254740992$$;`
