-- Views are read only, and know neither keys nor what is never NULL.
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE book (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES author (id),
    title TEXT NOT NULL,
    pages INTEGER
);
CREATE VIEW book_list AS
    SELECT b.id, b.title, a.name AS author, coalesce(b.pages, 0) AS pages FROM book b JOIN author a ON a.id = b.author_id;
CREATE VIEW "long books" AS SELECT * FROM book_list WHERE pages > 500;
