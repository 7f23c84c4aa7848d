-- Names are data: keywords, quotes, injections, symbols, names of items that generated code makes itself.
CREATE TABLE "type" ("self" INTEGER PRIMARY KEY, "super" TEXT, "crate" TEXT, "_" TEXT, "async" TEXT, "gen" TEXT, "fn" TEXT);
CREATE TABLE "a b;-- */ ""q"" `t` 'x'" ("id" INTEGER PRIMARY KEY, "*/ pub struct Evil; /*" TEXT, "{{ krate }}" TEXT, "2fa" TEXT, "a
b" TEXT);
CREATE TABLE "option" (id INTEGER PRIMARY KEY, "some" TEXT, "query" TEXT, "new" TEXT, "get" TEXT, "insert" TEXT);
CREATE TABLE "results" (id INTEGER PRIMARY KEY, option_id INTEGER NOT NULL REFERENCES "option" (id), "option" TEXT);
CREATE TABLE "columns" (id INTEGER PRIMARY KEY, "table" TEXT, "column" TEXT, "meta" TEXT, "source" TEXT, "row" TEXT, "at" TEXT);
CREATE TABLE order_statuses (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'it''s done')));
CREATE TABLE "schema" (id INTEGER PRIMARY KEY);
CREATE TABLE "models" (id INTEGER PRIMARY KEY);
CREATE TABLE "enums" (id INTEGER PRIMARY KEY);
CREATE TABLE "🦀" (id INTEGER PRIMARY KEY, "🎉" TEXT, "naïve" TEXT, "数" TEXT);
CREATE TABLE "%" (id INTEGER PRIMARY KEY, "#" TEXT);
CREATE TABLE fooBar (id INTEGER PRIMARY KEY, userName TEXT, user_name TEXT, "user-name" TEXT);
CREATE TABLE foo_bar (id INTEGER PRIMARY KEY, T_1_2 TEXT, T_12 TEXT, a__b TEXT, a_b TEXT);
CREATE TABLE news (id INTEGER PRIMARY KEY, news TEXT);
CREATE TABLE "users" (id INTEGER PRIMARY KEY, posts TEXT, "label" TEXT NOT NULL DEFAULT '"); DROP TABLE users; --');
CREATE TABLE "posts" (id INTEGER PRIMARY KEY, "user" TEXT, user_id INTEGER NOT NULL REFERENCES users (id));
-- Types whose names begin or end with an underscore, modules with names of files, signs that turn the line.
CREATE TABLE "2fa_enabled" (id INTEGER PRIMARY KEY, "Self" INTEGER);
CREATE TABLE "Self" (id INTEGER PRIMARY KEY, "mod" INTEGER NOT NULL);
CREATE TABLE "mod" (id INTEGER PRIMARY KEY, "self" INTEGER REFERENCES "Self" (id));
CREATE TABLE "../../etc" (id INTEGER PRIMARY KEY, "left‮right" TEXT DEFAULT 'a‮b');
