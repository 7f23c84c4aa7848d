-- Keys, indexes, constraints, views, sequences: what has a counterpart and what has not.
CREATE TABLE account (
    id int AUTO_INCREMENT,
    email varchar(120) NOT NULL,
    `select` varchar(20),
    `two words` varchar(20) NOT NULL DEFAULT 'a',
    `we``ird` varchar(20),
    age int,
    active boolean NOT NULL DEFAULT true,
    parent_id int,
    full_name varchar(60) GENERATED ALWAYS AS (concat(email, ':', `two words`)) VIRTUAL,
    twice int GENERATED ALWAYS AS (age * 2) STORED,
    PRIMARY KEY (id),
    UNIQUE KEY (email),
    UNIQUE KEY ages (age, email),
    KEY (`select`),
    KEY oldest (age DESC, `two words`),
    KEY beginning (`we``ird`(5)),
    FULLTEXT KEY words (`two words`),
    CONSTRAINT `named, oddly` CHECK (age > 0 AND `we``ird` <> 'it''s'),
    CHECK (active = true OR age IS NULL),
    CHECK (char_length(email) > 3),
    CHECK (email REGEXP '@'),
    CHECK (`select` IN ('x', 'y')),
    CONSTRAINT account_parent FOREIGN KEY (parent_id) REFERENCES account (id) ON DELETE SET NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE place (
    country char(2),
    city varchar(40),
    `Name` varchar(40),
    number bigint NOT NULL AUTO_INCREMENT,
    kind enum('a', 'b') NOT NULL,
    PRIMARY KEY (country, city),
    KEY (number)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE visit (
    account_id int NOT NULL,
    country char(2) NOT NULL,
    city varchar(40) NOT NULL,
    note text CHECK (note <> ''),
    PRIMARY KEY (account_id, country, city),
    FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    FOREIGN KEY (country, city) REFERENCES place (country, city)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE measurement (
    id bigint NOT NULL PRIMARY KEY,
    amount decimal(12, 3) NOT NULL
) PARTITION BY KEY (id) PARTITIONS 2;
CREATE VIEW adult AS SELECT id, email, age + 1 AS older FROM account WHERE age >= 18;
CREATE TABLE gone (id int);
CREATE VIEW broken AS SELECT id FROM gone;
DROP TABLE gone;
CREATE SEQUENCE numbers;
CREATE TABLE history (id int PRIMARY KEY, what varchar(20) COLLATE utf8mb4_nopad_bin) CHARACTER SET utf8mb4 WITH SYSTEM VERSIONING;
-- An enum that would be called as a model is.
CREATE TABLE stay_moods (id int AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE stays (id int AUTO_INCREMENT PRIMARY KEY, mood enum('good', 'it''s bad') NOT NULL DEFAULT 'good');
