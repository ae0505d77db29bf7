package main

import "fmt"

// wholesale is a wholesaler: parts, suppliers, customers, orders and their lines. Its shape and the spread of its values are
// those that decision-support benchmarks have in common; its texts and numbers are our own. It has no keys and no indexes.
const wholesale = `
CREATE TABLE region (r_id int NOT NULL, r_name text NOT NULL);
CREATE TABLE nation (n_id int NOT NULL, n_region int NOT NULL, n_name text NOT NULL);
CREATE TABLE supplier (s_id int NOT NULL, s_nation int NOT NULL, s_name text NOT NULL, s_balance numeric(12,2) NOT NULL, s_note text NOT NULL);
CREATE TABLE customer (c_id int NOT NULL, c_nation int NOT NULL, c_name text NOT NULL, c_segment text NOT NULL, c_balance numeric(12,2) NOT NULL, c_phone text NOT NULL, c_note text NOT NULL);
CREATE TABLE part (p_id int NOT NULL, p_name text NOT NULL, p_brand text NOT NULL, p_kind text NOT NULL, p_size int NOT NULL, p_box text NOT NULL, p_price numeric(12,2) NOT NULL);
CREATE TABLE offer (f_part int NOT NULL, f_supplier int NOT NULL, f_stock int NOT NULL, f_cost numeric(12,2) NOT NULL, f_note text NOT NULL);
CREATE TABLE purchase (o_id int NOT NULL, o_customer int NOT NULL, o_status char(1) NOT NULL, o_total numeric(12,2) NOT NULL, o_date date NOT NULL, o_priority text NOT NULL, o_clerk text NOT NULL, o_note text NOT NULL);
CREATE TABLE line (l_order int NOT NULL, l_part int NOT NULL, l_supplier int NOT NULL, l_number int NOT NULL, l_quantity int NOT NULL, l_price numeric(12,2) NOT NULL, l_discount numeric(4,2) NOT NULL,
	l_tax numeric(4,2) NOT NULL, l_returned char(1) NOT NULL, l_status char(1) NOT NULL, l_shipped date NOT NULL, l_promised date NOT NULL, l_received date NOT NULL, l_mode text NOT NULL, l_note text NOT NULL);
CREATE FUNCTION hash(i bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	$$SELECT (hashint8extended(i, salt) & 9007199254740991)::float8 / 9007199254740992$$;
CREATE FUNCTION among(h float8, VARIADIC texts text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
	$$SELECT texts[1 + floor(h * cardinality(texts))::int]$$`

// fill makes the rows, from their numbers alone. Scale 1 is six million lines.
func fill(scale float64) []string {
	n := func(rows float64) int { return max(1, int(rows*scale)) }
	parts, suppliers, customers, purchases := n(200_000), n(10_000), n(150_000), n(1_500_000)
	return []string{
		`INSERT INTO region SELECT i, among(i / 5.0, 'NORTH', 'SOUTH', 'EAST', 'WEST', 'ISLES') FROM generate_series(0, 4) i`,
		`INSERT INTO nation SELECT i, i % 5, 'NATION ' || i FROM generate_series(0, 24) i`,
		fmt.Sprintf(`INSERT INTO supplier SELECT i, floor(25 * hash(i, 1)), 'Supplier ' || i, round((hash(i, 2) * 11000 - 1000)::numeric, 2), repeat(md5(i::text), 2) FROM generate_series(1, %d) i`, suppliers),
		fmt.Sprintf(`INSERT INTO customer SELECT i, floor(25 * hash(i, 3)), 'Customer ' || i, among(hash(i, 4), 'FARM', 'FLEET', 'HOME', 'OFFICE', 'STAGE'), round((hash(i, 5) * 11000 - 1000)::numeric, 2), (10 + floor(25 * hash(i, 3))) || '-' || i, repeat(md5(i::text), 2) FROM generate_series(1, %d) i`, customers),
		fmt.Sprintf(`INSERT INTO part SELECT i, among(hash(i, 6), 'ash', 'birch', 'cedar', 'elm', 'fir', 'oak', 'pine', 'teak') || ' ' || among(hash(i, 7), 'blue', 'coral', 'green', 'ivory', 'lilac', 'red', 'sand', 'white') || ' ' || i, 'Brand ' || (1 + i %% 25), among(hash(i, 8), 'BIG', 'FLAT', 'LONG', 'SLIM', 'TALL') || ' ' || among(hash(i, 9), 'BRASS', 'COPPER', 'NICKEL', 'STEEL', 'TIN'), 1 + floor(50 * hash(i, 10)), among(hash(i, 11), 'BAG', 'BOX', 'CASE', 'DRUM', 'JAR') || ' ' || i %% 8, 900 + i %% 1000 FROM generate_series(1, %d) i`, parts),
		fmt.Sprintf(`INSERT INTO offer SELECT p, 1 + (p * 4 + k * %d) %% %d, floor(10000 * hash(p * 4 + k, 12)), round((1 + 999 * hash(p * 4 + k, 13))::numeric, 2), repeat(md5(p::text), 3) FROM generate_series(1, %d) p, generate_series(0, 3) k`, max(1, suppliers/4), suppliers, parts),
		fmt.Sprintf(`INSERT INTO purchase SELECT i * 4, 1 + 3 * floor(hash(i, 14) * %d / 3), among(hash(i, 15), 'F', 'F', 'O', 'O', 'P'), round((900 + 400000 * hash(i, 16))::numeric, 2), date '2012-01-01' + floor(2400 * hash(i, 17))::int, among(hash(i, 18), '1-NOW', '2-SOON', '3-USUAL', '4-LATER', '5-WHENEVER'), 'Clerk ' || floor(1000 * hash(i, 19)), CASE WHEN hash(i, 20) < 0.01 THEN 'special wishes ' ELSE 'nothing ' END || md5(i::text) FROM generate_series(1, %d) i`, customers, purchases),
		fmt.Sprintf(`INSERT INTO line SELECT o_id, 1 + floor(%d * hash(o_id * 8 + k, 21)), 1 + floor(%d * hash(o_id * 8 + k, 22)), k, 1 + floor(50 * hash(o_id * 8 + k, 23)), round((900 + 100000 * hash(o_id * 8 + k, 24))::numeric, 2), round((0.1 * hash(o_id * 8 + k, 25))::numeric, 2), round((0.08 * hash(o_id * 8 + k, 26))::numeric, 2),
			CASE WHEN o_date < '2015-06-17' THEN among(hash(o_id * 8 + k, 27), 'A', 'R') ELSE 'N' END, CASE WHEN o_date < '2015-06-17' THEN 'F' ELSE 'O' END, o_date + 1 + floor(120 * hash(o_id * 8 + k, 28))::int, o_date + 30 + floor(60 * hash(o_id * 8 + k, 29))::int, o_date + 2 + floor(150 * hash(o_id * 8 + k, 28))::int,
			among(hash(o_id * 8 + k, 30), 'AIR', 'MAIL', 'RAIL', 'ROAD', 'SEA', 'TUBE', 'VAN'), md5((o_id * 8 + k)::text) FROM purchase, LATERAL generate_series(1, 1 + floor(7 * hash(o_id, 31))::int) k`, parts, suppliers),
	}
}

// workload asks what such benchmarks ask: reports over months, top lists, parts of few brands, what is missing.
const workload = `
-- name: prices of a quarter
select l_returned, l_status, sum(l_quantity), sum(l_price), avg(l_discount), count(*) from line where l_shipped <= date '2018-09-01' group by l_returned, l_status order by l_returned, l_status;
-- name: unshipped purchases
select o_id, sum(l_price * (1 - l_discount)) as worth, o_date from customer join purchase on o_customer = c_id join line on l_order = o_id where c_segment = 'FARM' and o_date < date '2015-03-15' and l_shipped > date '2015-03-15' group by o_id, o_date order by worth desc limit 10;
-- name: late priorities
select o_priority, count(*) from purchase where o_date >= date '2013-07-01' and o_date < date '2013-10-01' and exists (select 1 from line where l_order = o_id and l_promised < l_received) group by o_priority order by o_priority;
-- name: revenue by nation
select n_name, sum(l_price * (1 - l_discount)) as revenue from customer, purchase, line, supplier, nation, region where c_id = o_customer and l_order = o_id and l_supplier = s_id and c_nation = s_nation and s_nation = n_id and n_region = r_id and r_name = 'EAST' and o_date >= date '2014-01-01' and o_date < date '2015-01-01' group by n_name order by revenue desc;
-- name: discounts of a year
select sum(l_price * l_discount) from line where l_shipped >= date '2014-01-01' and l_shipped < date '2015-01-01' and l_discount between 0.05 and 0.07 and l_quantity < 24;
-- name: trade between two
select a.n_name, b.n_name, extract(year from l_shipped) as y, sum(l_price) from supplier, line, purchase, customer, nation a, nation b where s_id = l_supplier and o_id = l_order and c_id = o_customer and s_nation = a.n_id and c_nation = b.n_id and a.n_name = 'NATION 3' and b.n_name = 'NATION 8' and l_shipped between date '2015-01-01' and date '2016-12-31' group by 1, 2, 3;
-- name: share of a market
select extract(year from o_date) as y, sum(case when b.n_name = 'NATION 8' then l_price else 0 end) / sum(l_price) from part, supplier, line, purchase, customer, nation a, nation b, region where p_id = l_part and s_id = l_supplier and l_order = o_id and o_customer = c_id and c_nation = a.n_id and a.n_region = r_id and r_name = 'WEST' and s_nation = b.n_id and o_date between date '2015-01-01' and date '2016-12-31' and p_kind = 'BIG STEEL' group by 1;
-- name: profit of a wood
select n_name, extract(year from o_date) as y, sum(l_price * (1 - l_discount) - f_cost * l_quantity) from part, supplier, line, offer, purchase, nation where s_id = l_supplier and f_supplier = l_supplier and f_part = l_part and p_id = l_part and o_id = l_order and s_nation = n_id and p_name like 'teak coral%' group by 1, 2;
-- name: returns
select c_id, c_name, sum(l_price) as lost from customer, purchase, line where c_id = o_customer and l_order = o_id and o_date >= date '2013-10-01' and o_date < date '2013-11-01' and l_returned = 'R' group by c_id, c_name order by lost desc limit 20;
-- name: important stock
select f_part, sum(f_cost * f_stock) as worth from offer, supplier, nation where f_supplier = s_id and s_nation = n_id and n_name = 'NATION 7' group by f_part having sum(f_cost * f_stock) > 100000 order by worth desc;
-- name: modes
select l_mode, count(*) from purchase, line where o_id = l_order and l_mode in ('MAIL', 'SEA') and l_promised < l_received and l_shipped < l_promised and l_received >= date '2014-01-01' and l_received < date '2015-01-01' group by l_mode;
-- name: purchases a customer
select n, count(*) from (select c_id, count(o_id) as n from customer left join purchase on c_id = o_customer and o_note not like '%special%' group by c_id) counted group by n order by 2 desc;
-- name: promotion of a month
select sum(case when p_kind like 'BIG%' then l_price else 0 end) / sum(l_price) from line, part where l_part = p_id and l_shipped >= date '2015-09-01' and l_shipped < date '2015-10-01';
-- name: best supplier
with revenue as (select l_supplier as s, sum(l_price * (1 - l_discount)) as r from line where l_shipped >= date '2016-01-01' and l_shipped < date '2016-04-01' group by l_supplier) select s_id, s_name, r from supplier, revenue where s_id = s and r = (select max(r) from revenue);
-- name: suppliers of kinds
select p_brand, p_kind, p_size, count(distinct f_supplier) from offer, part where p_id = f_part and p_brand <> 'Brand 4' and p_size in (3, 9, 14, 19, 23, 36, 45, 49) and f_supplier not in (select s_id from supplier where s_balance < -900) group by 1, 2, 3 order by 4 desc;
-- name: small lots
select sum(l_price) / 7 from line, part where p_id = l_part and p_brand = 'Brand 23' and p_box = 'BOX 1' and l_quantity < 5;
-- name: large purchases
select c_name, o_id, o_total, sum(l_quantity) from customer, purchase, line where o_id in (select l_order from line group by l_order having sum(l_quantity) > 300) and c_id = o_customer and o_id = l_order group by c_name, o_id, o_total order by o_total desc limit 100;
-- name: discounted revenue
select sum(l_price * (1 - l_discount)) from line, part where p_id = l_part and l_mode in ('AIR', 'VAN') and (p_brand = 'Brand 12' and l_quantity between 1 and 11 and p_size between 1 and 5 or p_brand = 'Brand 23' and l_quantity between 10 and 20 and p_size between 1 and 10);
-- name: suppliers that wait
select s_name, count(*) from supplier, line a, purchase, nation where s_id = a.l_supplier and o_id = a.l_order and o_status = 'F' and a.l_received > a.l_promised and exists (select 1 from line b where b.l_order = a.l_order and b.l_supplier <> a.l_supplier) and s_nation = n_id and n_name = 'NATION 20' group by s_name order by 2 desc limit 100;
`
