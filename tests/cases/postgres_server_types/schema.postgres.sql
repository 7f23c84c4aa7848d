-- Types that have no Rust type of their own, arrays of them, and domains over them.
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE name_parts AS (first text, last text);
CREATE TYPE text_range AS RANGE (subtype = text);
CREATE DOMAIN place AS point;
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 5);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN good AS mood CHECK (VALUE = 'happy');
CREATE DOMAIN cents AS numeric(10, 2);

CREATE TABLE one (
    id serial PRIMARY KEY,
    price money,
    bits bit(4),
    more_bits bit varying,
    mac8 macaddr8,
    a_line line,
    a_segment lseg,
    a_box box,
    a_path path,
    a_polygon polygon,
    a_circle circle,
    long_range int8range,
    exact_range numrange,
    plain_range tsrange,
    zoned_range tstzrange,
    day_range daterange,
    own_range span,
    ints int4multirange,
    days datemultirange,
    own_ranges span_multirange,
    query tsquery,
    json_path jsonpath,
    transaction xid,
    long_transaction xid8,
    snapshot pg_snapshot,
    relation regclass,
    of_type regtype,
    numbers int2vector,
    place point,
    key_of tid,
    written pair,
    lsn pg_lsn,
    full_name name_parts,
    letters text_range
);
CREATE TABLE many (
    id serial PRIMARY KEY,
    prices money[],
    ranges int4range[],
    hosts inet[],
    points point[],
    boxes box[],
    documents xml[],
    bits bit(2)[],
    words tsvector[],
    spans interval[],
    moments timestamptz[],
    bytes bytea[],
    docs jsonb[],
    exact numeric(6, 2)[],
    codes char(3)[],
    moods mood[],
    pairs pair[],
    checked positive[],
    goods good[],
    uuids uuid[],
    times time[],
    halves real[],
    smalls smallint[],
    names name[]
);
CREATE TABLE domains (
    id positive PRIMARY KEY,
    place place,
    tags tags NOT NULL,
    good good,
    cents cents NOT NULL DEFAULT 1
);
