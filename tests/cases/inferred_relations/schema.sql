-- What relations are made of foreign keys alone, and what they are called.
CREATE TABLE users (id INTEGER PRIMARY KEY, manager_id INTEGER REFERENCES users (id));
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    editor_id INTEGER REFERENCES users (id),
    reviewer INTEGER REFERENCES users (id)
);
CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users (id), bio TEXT);
CREATE TABLE tags (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE post_tags (
    post_id INTEGER NOT NULL REFERENCES posts (id),
    tag_name TEXT NOT NULL REFERENCES tags (name),
    PRIMARY KEY (post_id, tag_name)
);
CREATE TABLE post_votes (
    post_id INTEGER NOT NULL REFERENCES posts (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    weight INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (post_id, user_id)
);
CREATE TABLE orphan (id INTEGER PRIMARY KEY, gone_id INTEGER REFERENCES gone (id));
