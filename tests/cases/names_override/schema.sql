-- Names and types that pilaster.toml decides.
CREATE TABLE tbl_usr (id INTEGER PRIMARY KEY, nm TEXT NOT NULL, lvl TEXT NOT NULL, made TEXT);
CREATE TABLE tbl_pst (id INTEGER PRIMARY KEY, usr_id INTEGER NOT NULL REFERENCES tbl_usr (id));
CREATE TABLE migrations_log (id INTEGER PRIMARY KEY);
