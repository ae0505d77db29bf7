-- 30,000 people more in the shop's database on SQLite, which has lost the index of the order in which their list is read.
INSERT INTO users (id, created_at, updated_at, version, email, name, role)
SELECT printf('00000000-0000-7000-8000-%012d', i), 1700000000000000 + i * 7919 % 30011, 0, 1, 'u' || i || '@shop.example', 'U', 'CUSTOMER'
FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT i FROM n);
DROP INDEX users_created_at_id_idx;
