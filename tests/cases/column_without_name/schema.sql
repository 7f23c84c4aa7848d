-- SQLite takes a column without a name.
CREATE TABLE "%" (id INTEGER PRIMARY KEY, "" TEXT);
