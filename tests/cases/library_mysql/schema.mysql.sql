-- The library that is asked the same questions on every database.
CREATE TABLE author (
    id int AUTO_INCREMENT PRIMARY KEY,
    name varchar(40) NOT NULL UNIQUE,
    born date
) DEFAULT CHARACTER SET utf8mb4 /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
CREATE TABLE book (
    id int AUTO_INCREMENT PRIMARY KEY,
    title varchar(80) NOT NULL,
    author_id int NOT NULL,
    price decimal(6, 2) NOT NULL,
    pages mediumint unsigned,
    published date NOT NULL,
    status enum('draft', 'printed', 'lost') NOT NULL DEFAULT 'draft',
    FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
CREATE TABLE tag (id int AUTO_INCREMENT PRIMARY KEY, word varchar(20) NOT NULL UNIQUE) DEFAULT CHARACTER SET utf8mb4 /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
CREATE TABLE book_tag (
    book_id int NOT NULL,
    tag_id int NOT NULL,
    PRIMARY KEY (book_id, tag_id),
    FOREIGN KEY (book_id) REFERENCES book (id) ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tag (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
CREATE TABLE loan (
    id int AUTO_INCREMENT PRIMARY KEY,
    book_id int NOT NULL,
    reader varchar(20) NOT NULL,
    taken datetime(6) NOT NULL,
    back datetime(6),
    FOREIGN KEY (book_id) REFERENCES book (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 /*M! COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;

INSERT INTO author (id, name, born) VALUES (1, 'Ann', '1970-01-31'), (2, 'Bob', NULL), (3, 'Çelik', '1985-12-01');
INSERT INTO book (id, title, author_id, price, pages, published, status) VALUES
    (1, 'Rust', 1, 20.50, 300, '2020-05-01', 'printed'), (2, 'SQL 100%', 1, 9.99, 120, '2021-01-01', 'draft'),
    (3, 'Ümlaut', 2, 0.10, 12, '1999-12-31', 'lost'), (4, 'rust again', 3, 100.00, NULL, '2024-02-29', 'printed');
INSERT INTO tag (id, word) VALUES (1, 'code'), (2, 'old'), (3, 'unused');
INSERT INTO book_tag (book_id, tag_id) VALUES (1, 1), (2, 1), (3, 2), (4, 1), (4, 2);
INSERT INTO loan (id, book_id, reader, taken, back) VALUES
    (1, 1, 'Zoe', '2024-01-01 10:00:00.000000', '2024-01-02 10:00:00.500000'),
    (2, 1, 'Yan', '2024-01-03 10:00:00.000000', NULL), (3, 4, 'Zoe', '2024-03-01 00:00:00.000000', NULL);
