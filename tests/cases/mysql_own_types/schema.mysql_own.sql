-- What MySQL reports otherwise than MariaDB does, and what MariaDB has not.
CREATE TABLE plain (
    id bigint unsigned AUTO_INCREMENT PRIMARY KEY,
    a tinyint NOT NULL DEFAULT -1,
    d mediumint unsigned,
    k decimal(10, 2) NOT NULL DEFAULT 1.50,
    l tinyint(1) NOT NULL DEFAULT 1,
    m boolean,
    n bit(1) DEFAULT b'1',
    o bit(12) DEFAULT b'101',
    p year DEFAULT 2024,
    q varchar(80) NOT NULL DEFAULT 'it''s \\ "quoted" ü',
    r varchar(80) CHARACTER SET latin1 COLLATE latin1_swedish_ci,
    s varchar(20) COLLATE utf8mb4_0900_ai_ci DEFAULT (concat('a', '-', 'it''s')),
    u text DEFAULT ('it''s ü'),
    v datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    w datetime NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    x binary(4),
    y varbinary(16) DEFAULT 'ab',
    y2 binary(3) DEFAULT 0x610062,
    z blob DEFAULT (0x00ff),
    doubled int GENERATED ALWAYS AS (a * 2) STORED,
    shown varchar(100) GENERATED ALWAYS AS (concat(q, ': ''ü''\n')) VIRTUAL NOT NULL,
    UNIQUE KEY (d, k),
    UNIQUE KEY lowered ((lower(q))),
    KEY newest (v DESC),
    KEY unseen (k) INVISIBLE,
    KEY beginning (q(5)),
    CONSTRAINT oddly CHECK (a < 0 AND l AND NOT (q = 'nö' OR q IN ('it''s', 'back\\slash'))),
    CONSTRAINT truths CHECK (NOT m OR m IS NULL OR NOT (d > 1 AND l)),
    CONSTRAINT texts CHECK (q NOT LIKE 'x!%' ESCAPE '!' AND cast(a AS char) <> '7'),
    CHECK (coalesce(m, true) IS NOT NULL),
    CHECK (q REGEXP '.')
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin COMMENT 'it''s */ plain';
CREATE TABLE others (
    id char(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY DEFAULT (uuid()),
    mood enum('happy', 'so-so', '', 'it''s', 'back\\slash') NOT NULL DEFAULT 'so-so' COMMENT 'two
lines',
    moods set('a', 'b') NOT NULL DEFAULT 'a,b',
    doc json NOT NULL DEFAULT ('{}'),
    doc2 json,
    doc3 json DEFAULT (json_array(1)),
    place point NOT NULL SRID 4326,
    hidden int INVISIBLE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin;
CREATE VIEW negative AS SELECT id, a + 1 AS more FROM plain WHERE a < 0;
