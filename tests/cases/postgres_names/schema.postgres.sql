-- Names that would break out of SQL, Rust or the documentation, or that generated code has for itself.
CREATE TYPE "type" AS ENUM ('self', 'Self', 'pg-13', 'PG 13', '*/ }', '"quoted"', 'été');
CREATE TABLE "user" (
    id serial PRIMARY KEY,
    "type" "type" NOT NULL DEFAULT 'self',
    "select" text,
    "fn" integer,
    "two words" text,
    "we""ird" text,
    "a'b`c\d" text,
    "2fa" boolean NOT NULL DEFAULT true,
    "fooBar" integer,
    foo_bar integer,
    "*/ fn x() {" text,
    "naïve" text,
    "key" text,
    CHECK ("we""ird" <> 'it''s' AND "two words" IS NOT NULL)
);
CREATE TABLE "Option" (id serial PRIMARY KEY, "query" text, "new" text, "user_id" integer REFERENCES "user");
CREATE TABLE "update" (id serial PRIMARY KEY, "user" text, user_id integer NOT NULL REFERENCES "user");
CREATE TABLE "a table with spaces; DROP TABLE x" (
    "id" serial PRIMARY KEY,
    "the ""user""" integer REFERENCES "user"
);
CREATE TABLE a_name_that_is_as_long_as_postgresql_allows_names_to_be_at_all (
    id serial PRIMARY KEY,
    another_name_that_is_as_long_as_postgresql_allows_names_to_be_a integer UNIQUE
);
CREATE INDEX "an index, with ""quotes""" ON "user" ("two words", lower("we""ird"));
COMMENT ON COLUMN "user"."fn" IS '```rust
panic!()
``` [link] */ "; #[test]';
COMMENT ON TABLE "Option" IS E'\u202e turned, \u200b hidden, \u2066 apart';
CREATE TYPE order_status AS ENUM ('new', 'it''s done');
CREATE TABLE order_statuses (id serial PRIMARY KEY);
CREATE TABLE orders (id serial PRIMARY KEY, status order_status NOT NULL DEFAULT 'new', past order_status[]);
CREATE TABLE "mod" (id serial PRIMARY KEY, "Self" integer);
CREATE TABLE "2fa_enabled" (id serial PRIMARY KEY);
