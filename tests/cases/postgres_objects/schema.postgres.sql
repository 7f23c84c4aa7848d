-- Keys, indexes, constraints, views, partitions, inheritance, other schemas: what has a counterpart and what has not.
CREATE SCHEMA audit;
CREATE TYPE audit.level AS ENUM ('low', 'high');
CREATE TYPE level AS ENUM ('one', 'two');

CREATE TABLE account (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email varchar(120) NOT NULL,
    name text COLLATE "C" NOT NULL,
    born date,
    parent_id integer REFERENCES account ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    level level NOT NULL DEFAULT 'one',
    first text GENERATED ALWAYS AS (upper(name) || ':' || email) STORED,
    gone text,
    UNIQUE (email),
    CONSTRAINT account_names UNIQUE NULLS NOT DISTINCT (name, born),
    CONSTRAINT "named, oddly" CHECK (length(name) > 0 AND born > '1900-01-01'),
    CHECK (email LIKE '%_@_%'),
    CHECK (name IN ('a', 'b') OR born BETWEEN '2000-01-01' AND '2020-12-31'),
    CHECK (email ~ '^[^@]+@')
);
ALTER TABLE account DROP COLUMN gone;
COMMENT ON TABLE account IS 'Who may ''log in''. */';
COMMENT ON COLUMN account.email IS E'two\nlines';
CREATE INDEX ON account (born);
CREATE INDEX account_lower ON account (lower(email), born DESC);
CREATE UNIQUE INDEX account_young ON account (name) WHERE born > '2000-01-01' AND level = 'two';
CREATE INDEX account_pattern ON account (email text_pattern_ops, born NULLS FIRST) INCLUDE (name);
CREATE INDEX account_hash ON account USING hash (email);

CREATE TABLE booking (
    room integer NOT NULL,
    during tsrange NOT NULL,
    owner integer NOT NULL,
    owner_email varchar(120) REFERENCES account (email) ON UPDATE CASCADE,
    PRIMARY KEY (room, owner),
    CONSTRAINT booking_owner FOREIGN KEY (owner) REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE booking_note (
    id bigserial PRIMARY KEY,
    room integer,
    owner integer,
    note text NOT NULL DEFAULT '',
    FOREIGN KEY (room, owner) REFERENCES booking (room, owner) MATCH FULL
);
CREATE TABLE measurement (
    id bigint NOT NULL,
    day date NOT NULL,
    amount numeric(12, 3) NOT NULL CHECK (amount >= 0.5),
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE measurement_2024 PARTITION OF measurement FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE measurement_note (
    id serial PRIMARY KEY,
    measurement bigint NOT NULL,
    day date NOT NULL,
    FOREIGN KEY (measurement, day) REFERENCES measurement (id, day)
);
CREATE TABLE special_account (reason text NOT NULL) INHERITS (account);
CREATE TABLE audit.log (
    id bigserial PRIMARY KEY,
    account_id integer NOT NULL REFERENCES account (id),
    severity audit.level NOT NULL
);
CREATE TABLE visit (
    id bigserial PRIMARY KEY,
    log_id bigint REFERENCES audit.log (id),
    severity audit.level
);
CREATE VIEW adult AS SELECT id, email, born FROM account WHERE born < '2005-01-01';
CREATE MATERIALIZED VIEW account_count AS SELECT level, count(*) AS number, avg(id) AS mean FROM account GROUP BY level;
CREATE UNIQUE INDEX ON account_count (level);
CREATE TEMPORARY TABLE scratch (id integer);
