-- Columns that the settings carry as text, in a table whose dates are zero by default, and two that stay dates.
SET sql_mode = '';
CREATE TABLE members (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name varchar(40) NOT NULL,
    joined datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
    born date NOT NULL DEFAULT '0000-00-00',
    lap time(3),
    wide decimal(65, 30),
    seen timestamp(6) NULL,
    paid datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
    due date DEFAULT '2024-00-00'
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
