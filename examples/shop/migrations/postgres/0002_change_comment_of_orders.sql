-- +goose Up
SET LOCAL lock_timeout = '5s';
COMMENT ON TABLE "orders" IS 'What a customer has bought. Clients change an order through operations, never field by field.';
