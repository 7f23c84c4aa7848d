-- Names in other letters than those of ASCII are files and modules too; a name without upper case is that of its module as well.
CREATE TABLE "größe" (id INTEGER PRIMARY KEY, "breite_µm" INTEGER, "nº" TEXT);
CREATE TABLE "数" (id INTEGER PRIMARY KEY, "größe_id" INTEGER NOT NULL REFERENCES "größe" (id), "Ａ１" TEXT);
CREATE TABLE "ไทย" (id INTEGER PRIMARY KEY, "数_id" INTEGER REFERENCES "数" (id));
CREATE TABLE "2024" (id INTEGER PRIMARY KEY, "می‌خواهم" TEXT, "ไทย" INTEGER REFERENCES "ไทย" (id));
-- Text in other words: a name where text is wanted.
CREATE TABLE worded (id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT pending, n INTEGER DEFAULT [none], kind "any */ type");
CREATE TABLE "👨‍👩‍👧" (id INTEGER PRIMARY KEY);
