-- Tables of one name in several schemas, and a schema with a point in its name.
CREATE SCHEMA audit;
CREATE SCHEMA "We.ird";
CREATE TYPE "We.ird"."col.or" AS ENUM ('red', 'green');
CREATE TABLE event (id serial PRIMARY KEY, at timestamp NOT NULL, kind text);
CREATE TABLE audit.event (
    id serial PRIMARY KEY,
    at timestamp NOT NULL,
    kind text NOT NULL DEFAULT 'x',
    event_id integer REFERENCES event
);
CREATE TABLE audit.note (id serial PRIMARY KEY, txt text);
CREATE TABLE "We.ird"."ta.ble" (
    id serial PRIMARY KEY,
    c "We.ird"."col.or" NOT NULL DEFAULT 'red',
    past "We.ird"."col.or"[],
    event_id integer REFERENCES audit.event
);
