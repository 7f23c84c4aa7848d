-- SQLite takes a column without a name, and names of symbols alone.
CREATE TABLE "%" (id INTEGER PRIMARY KEY, "" TEXT);
