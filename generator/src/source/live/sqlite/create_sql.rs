//! What `CREATE TABLE` and `CREATE INDEX` say and SQLite's pragmas do not: checks, generated columns' expressions,
//! collations, names of constraints, deferred keys, expressions in indexes.
//!
//! SQLite has accepted the text already, so this reads what it knows and steps over the rest.

use super::tokens::{Kind, Token, tokens};

/// A `CREATE TABLE` text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Checks of the table and of its columns, in order.
    pub checks: Vec<Check>,
    /// Named unique constraints.
    pub uniques: Vec<(String, Vec<String>)>,
    /// Foreign keys of the table and of its columns, in order.
    pub foreign_keys: Vec<ForeignKey>,
    /// `AUTOINCREMENT` on the key.
    pub autoincrement: bool,
    /// Clauses that have no counterpart, as written.
    pub unknown: Vec<String>,
}

/// A column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// The text between the parentheses of `AS (…)`.
    pub generated: Option<String>,
}

/// A check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// `CONSTRAINT name`.
    pub name: Option<String>,
    /// The text between the parentheses.
    pub condition: String,
}

/// A foreign key: only what the pragma does not tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForeignKey {
    /// `CONSTRAINT name`.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferred: bool,
}

/// A `CREATE INDEX` text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The parts, without `ASC` and `DESC`.
    pub parts: Vec<String>,
    /// Whether a part has a `COLLATE` of its own.
    pub collated: Vec<bool>,
    /// The text after `WHERE`.
    pub predicate: Option<String>,
}

/// Reads a `CREATE TABLE`.
pub(super) fn table(sql: &str) -> Table {
    let tokens = tokens(sql);
    let mut table = Table::default();
    let Some(open) = tokens.iter().position(|token| token.is_sign('(')) else { return table };
    for item in split(inside(&tokens, open)) {
        Reader { sql, tokens: item, at: 0, table: &mut table }.item();
    }
    table
}

/// Reads a `CREATE INDEX`.
pub(super) fn index(sql: &str) -> Index {
    let tokens = tokens(sql);
    let mut index = Index::default();
    let Some(open) = tokens.iter().position(|token| token.is_sign('(')) else { return index };
    let body = inside(&tokens, open);
    for part in split(body) {
        let sorted = part.last().is_some_and(|last| last.is_word("asc") || last.is_word("desc"));
        let part = part.get(..part.len() - usize::from(sorted)).unwrap_or(part);
        index.parts.push(text(sql, part));
        let mut depth = 0_usize;
        index.collated.push(part.iter().any(|token| {
            depth = depth_after(depth, token);
            depth == 0 && token.is_word("collate")
        }));
    }
    let rest = tokens.get(open + body.len() + 2..).unwrap_or(&[]);
    if let [first, predicate @ ..] = rest
        && first.is_word("where")
    {
        index.predicate = Some(text(sql, predicate));
    }
    index
}

fn depth_after(depth: usize, token: &Token) -> usize {
    match token.kind {
        Kind::Sign('(') => depth + 1,
        Kind::Sign(')') => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The tokens between a parenthesis and its partner.
fn inside(tokens: &[Token], open: usize) -> &[Token] {
    let mut depth = 0;
    let rest = tokens.get(open + 1..).unwrap_or(&[]);
    for (at, token) in rest.iter().enumerate() {
        if depth == 0 && token.is_sign(')') {
            return rest.get(..at).unwrap_or(rest);
        }
        depth = depth_after(depth, token);
    }
    rest
}

/// The parts between commas outside of parentheses.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    tokens
        .split(|token| {
            depth = depth_after(depth, token);
            depth == 0 && token.is_sign(',')
        })
        .filter(|part| !part.is_empty())
        .collect()
}

/// The text that tokens cover.
fn text(sql: &str, tokens: &[Token]) -> String {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => sql.get(first.span.start..last.span.end).unwrap_or("").to_owned(),
        _ => String::new(),
    }
}

/// Words that begin a constraint of a column, and so end its type.
const COLUMN_CONSTRAINTS: &[&str] =
    &["constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references", "generated", "as"];

/// Reads one item of a table's body.
struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [Token],
    at: usize,
    table: &'a mut Table,
}

impl<'a> Reader<'a> {
    fn item(&mut self) {
        let table_constraint = ["constraint", "primary", "unique", "check", "foreign"];
        if table_constraint.iter().any(|word| self.peek_word(word)) {
            self.constraints(None);
            return;
        }
        let Some(name) = self.take().and_then(Token::name) else { return };
        self.table.columns.push(Column { name: name.to_owned(), ..Column::default() });
        while self.at < self.tokens.len() && !COLUMN_CONSTRAINTS.iter().any(|word| self.peek_word(word)) {
            self.skip();
        }
        self.constraints(Some(name));
    }

    /// Constraints until the end: of a column, or of the table, where the commas between them may be missing.
    fn constraints(&mut self, column: Option<&str>) {
        let mut name = None;
        while let Some(token) = self.take() {
            let word = match &token.kind {
                Kind::Word(word) => word.to_ascii_lowercase(),
                _ => continue,
            };
            let own = name.take();
            match word.as_str() {
                "constraint" => name = self.take().and_then(Token::name).map(str::to_owned),
                "primary" => self.primary(column),
                "unique" => self.unique(column, own),
                "check" => self.check(own),
                "default" => self.default(),
                "collate" => {
                    let collation = self.take().and_then(Token::name).map(str::to_owned);
                    self.column(|column| column.collation = collation);
                }
                "as" => {
                    let expression = self.parenthesis();
                    self.column(|column| column.generated = expression);
                }
                "foreign" => {
                    self.word("key");
                    let columns = self.names();
                    self.word("references");
                    self.references(own, columns);
                }
                "references" => self.references(own, column.map(str::to_owned).into_iter().collect()),
                "on" => self.conflict(),
                _ => {}
            }
        }
    }

    fn primary(&mut self, column: Option<&str>) {
        self.word("key");
        if column.is_none() {
            let inner = self.group();
            self.table.autoincrement |= inner.iter().any(|token| token.is_word("autoincrement"));
        } else {
            let _ = self.word("asc") || self.word("desc");
            if self.word("on") {
                self.conflict();
            }
            self.table.autoincrement |= self.word("autoincrement");
        }
    }

    fn unique(&mut self, column: Option<&str>, name: Option<String>) {
        let columns = match column {
            Some(column) => vec![column.to_owned()],
            None => self.names(),
        };
        if let Some(name) = name {
            self.table.uniques.push((name, columns));
        }
    }

    fn check(&mut self, name: Option<String>) {
        if let Some(condition) = self.parenthesis() {
            self.table.checks.push(Check { name, condition });
        }
    }

    /// Steps over a default, whose words could be taken for constraints.
    fn default(&mut self) {
        if self.peek_sign('(') {
            self.group();
        } else {
            let _ = self.sign('-') || self.sign('+');
            self.at += 1;
        }
    }

    fn references(&mut self, name: Option<String>, columns: Vec<String>) {
        self.at += 1; // the table
        if self.peek_sign('(') {
            self.group();
        }
        let mut key = ForeignKey { name, columns, deferred: false };
        loop {
            if self.word("on") {
                self.at += 1; // DELETE or UPDATE
                let _ = self.word("set") || self.word("no");
                self.at += 1;
            } else if self.word("match") {
                self.at += 1; // SQLite reads every MATCH as SIMPLE
            } else if self.peek_word("not") && self.tokens.get(self.at + 1).is_some_and(|t| t.is_word("deferrable")) {
                self.at += 2;
                self.initially();
            } else if self.word("deferrable") {
                key.deferred = self.initially();
            } else {
                break;
            }
        }
        self.table.foreign_keys.push(key);
    }

    fn initially(&mut self) -> bool {
        if !self.word("initially") {
            return false;
        }
        let deferred = self.peek_word("deferred");
        self.at += 1;
        deferred
    }

    /// `ON CONFLICT …`, of which `ABORT` is what happens anyway.
    fn conflict(&mut self) {
        if self.word("conflict")
            && let Some(Kind::Word(what)) = self.take().map(|token| &token.kind)
            && !what.eq_ignore_ascii_case("abort")
        {
            self.table.unknown.push(format!("ON CONFLICT {}", what.to_ascii_uppercase()));
        }
    }

    fn column(&mut self, change: impl FnOnce(&mut Column)) {
        if let Some(column) = self.table.columns.last_mut() {
            change(column);
        }
    }

    /// The names in the parentheses that come next, each without its `COLLATE`, `ASC` and so on.
    fn names(&mut self) -> Vec<String> {
        let group = self.group();
        split(group).iter().filter_map(|part| part.first()?.name()).map(str::to_owned).collect()
    }

    /// The text in the parentheses that come next.
    fn parenthesis(&mut self) -> Option<String> {
        let group = self.group();
        (!group.is_empty()).then(|| text(self.sql, group))
    }

    /// Takes a group in parentheses.
    fn group(&mut self) -> &'a [Token] {
        if !self.peek_sign('(') {
            return &[];
        }
        let group = inside(self.tokens, self.at);
        self.at += group.len() + 2;
        group
    }

    /// Steps over a token, or over a group in parentheses.
    fn skip(&mut self) {
        if self.peek_sign('(') {
            self.group();
        } else {
            self.at += 1;
        }
    }

    fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn peek_word(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_word(word))
    }

    fn peek_sign(&self, sign: char) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_sign(sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_everything() {
        let found = table(
            "CREATE TABLE \"a(b\" ( -- comment, with (\n\
             id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK AUTOINCREMENT NOT NULL,\n\
             [order by] VARCHAR(10, 2) DEFAULT ('x, y)' || 'z') COLLATE NOCASE CONSTRAINT c1 CHECK (length([order by]) > (1)),\n\
             price DECIMAL(10,2) NOT NULL DEFAULT -1 CHECK(price >= 0) REFERENCES p ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,\n\
             total GENERATED ALWAYS AS (price * 2) STORED,\n\
             CONSTRAINT u1 UNIQUE (id, price COLLATE NOCASE DESC) ON CONFLICT REPLACE\n\
             CONSTRAINT f1 FOREIGN KEY (id, \"price\") REFERENCES q(a, b) ON UPDATE NO ACTION MATCH FULL NOT DEFERRABLE,\n\
             CHECK (id IN (1, 2)) CHECK (')' <> '(')\n\
             ) STRICT, WITHOUT ROWID",
        );
        let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "order by", "price", "total"]);
        assert_eq!(found.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(found.columns[3].generated.as_deref(), Some("price * 2"));
        let checks: Vec<(Option<&str>, &str)> =
            found.checks.iter().map(|check| (check.name.as_deref(), check.condition.as_str())).collect();
        assert_eq!(
            checks,
            [
                (Some("c1"), "length([order by]) > (1)"),
                (None, "price >= 0"),
                (None, "id IN (1, 2)"),
                (None, "')' <> '('")
            ]
        );
        assert_eq!(found.uniques, [("u1".to_owned(), vec!["id".to_owned(), "price".to_owned()])]);
        assert_eq!(found.foreign_keys.len(), 2);
        assert!(found.foreign_keys[0].deferred && !found.foreign_keys[1].deferred);
        assert_eq!(found.foreign_keys[1].name.as_deref(), Some("f1"));
        assert_eq!(found.foreign_keys[1].columns, ["id", "price"]);
        assert!(found.autoincrement);
        assert_eq!(found.unknown, ["ON CONFLICT ROLLBACK", "ON CONFLICT REPLACE"]);
    }

    #[test]
    fn an_index_with_expressions() {
        let found = index(
            "CREATE UNIQUE INDEX i ON t (a DESC, lower(b, 'x)') ASC, c COLLATE NOCASE, (d || e COLLATE RTRIM)) WHERE a > (1) AND b <> ')'",
        );
        assert_eq!(found.parts, ["a", "lower(b, 'x)')", "c COLLATE NOCASE", "(d || e COLLATE RTRIM)"]);
        assert_eq!(found.collated, [false, false, true, false]);
        assert_eq!(found.predicate.as_deref(), Some("a > (1) AND b <> ')'"));
    }

    #[test]
    fn broken_text_is_no_panic() {
        for sql in
            ["", "CREATE TABLE", "CREATE TABLE t(", "create table t(a check", "t(a references", "t(,,)", "t(a default"]
        {
            let _ = (table(sql), index(sql));
        }
    }
}
