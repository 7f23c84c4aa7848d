-- Every type, with defaults as the server prints them.
CREATE TABLE plain (
    id bigint unsigned AUTO_INCREMENT PRIMARY KEY,
    a tinyint NOT NULL DEFAULT -1,
    b tinyint unsigned DEFAULT 255,
    c smallint NOT NULL DEFAULT 3,
    d mediumint unsigned,
    e int NOT NULL DEFAULT 0,
    f int unsigned zerofill,
    g bigint DEFAULT -9223372036854775808,
    h float DEFAULT 1.5,
    i double,
    j float(7, 2),
    k decimal(10, 2) NOT NULL DEFAULT 1.50,
    l tinyint(1) NOT NULL DEFAULT 1,
    m boolean DEFAULT NULL,
    n bit(1) DEFAULT b'1',
    o bit(12) DEFAULT b'101',
    p year DEFAULT 2024,
    q varchar(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT 'it''s \\ "quoted"',
    r varchar(80) CHARACTER SET latin1 COLLATE latin1_swedish_ci,
    s char(3) DEFAULT 'abc',
    t tinytext,
    u text DEFAULT ('abc'),
    v longtext,
    w varchar(20000) CHARACTER SET latin1,
    x binary(4),
    y varbinary(16) DEFAULT 'ab',
    z blob DEFAULT (x'00ff')
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci COMMENT 'it''s */ plain';
CREATE TABLE moments (
    id char(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY DEFAULT (uuid()),
    a date NOT NULL DEFAULT '2024-02-29',
    b date NOT NULL DEFAULT (curdate()),
    c time DEFAULT '13:45:00',
    d time(6),
    e datetime NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
    f datetime(6) NOT NULL DEFAULT '2024-02-29 01:02:03.500000',
    g timestamp(6) NOT NULL DEFAULT current_timestamp(6),
    h datetime DEFAULT (current_timestamp() + interval 1 day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE others (
    id uuid PRIMARY KEY,
    mood enum('happy', 'so-so', '', 'it''s', 'back\\slash') NOT NULL DEFAULT 'so-so' COMMENT 'two
lines',
    moods set('a', 'b') NOT NULL DEFAULT 'a,b',
    doc json NOT NULL DEFAULT '{}',
    doc2 json,
    host inet6,
    place point,
    hidden int INVISIBLE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE shapes (
    id bigint AUTO_INCREMENT PRIMARY KEY,
    any_shape geometry,
    place point NOT NULL,
    road linestring,
    area polygon,
    places multipoint,
    roads multilinestring,
    areas multipolygon,
    things geometrycollection,
    host inet4,
    large bit(64),
    moods set('a', 'b''c', 'd') CHARACTER SET latin1 COLLATE latin1_swedish_ci
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
