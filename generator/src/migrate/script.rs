//! What a runner has to do on one database, as data.
//!
//! A script needs nothing but itself: all texts are written, and what is more than a statement is a procedure with a
//! name, described here for whoever runs it.

use crate::ir::DialectName;

/// The steps of a list of changes on one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The database.
    pub dialect: DialectName,
    /// SQLite only: `PRAGMA foreign_keys` must be off while the steps run. It has to be switched before the transaction
    /// begins, as SQLite ignores it inside, and `PRAGMA foreign_key_check` must find nothing before the commit.
    /// SQL written by hand that runs with them has no cascades then; where it would need one, the check refuses it.
    pub foreign_keys_off: bool,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The position of the change that it belongs to, the first one where it does several at once.
    pub change: usize,
    /// What it does, for people.
    pub about: String,
    /// Whether it may run in a transaction with the steps beside it. One that may not is run by itself, after what
    /// came before it was committed. On MySQL no step may: its statements commit.
    pub transactional: bool,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Runs one statement, or what the user wrote as one.
    Sql(String),
    /// Asks whether the rows that are there permit what follows.
    Precheck(Precheck),
    /// Changes rows in portions.
    Backfill(Backfill),
    /// Makes or removes an index while others write (PostgreSQL).
    ConcurrentIndex(ConcurrentIndex),
    /// Makes a table anew (SQLite).
    SqliteRebuild(Box<SqliteRebuild>),
}

/// A question to the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// A query of one whole number, how many rows stand in the way: must be 0.
    pub sql: String,
    /// What is wrong when it is not, in one sentence; `{count}` stands for the number.
    pub message: String,
    /// What to do then.
    pub help: String,
}

/// Changing rows in portions: `sql` is run again and again, each time in a transaction of its own, until it changes no
/// row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The statement, which changes at most `batch` rows.
    pub sql: String,
    /// A query of one whole number, how many rows are left: for progress, and to stop when it does not get smaller.
    pub left: String,
    /// Rows per portion.
    pub batch: u32,
}

/// Making or removing an index while others write. It takes several transactions inside, and one that fails leaves an
/// invalid index behind, which takes space and is not used: `drop` is run first, whether there is one or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrentIndex {
    /// `DROP INDEX CONCURRENTLY IF EXISTS …`.
    pub drop: String,
    /// `CREATE INDEX CONCURRENTLY …`; none when the index is only removed.
    pub create: Option<String>,
    /// A query of one whole number: 1 when the index is there and valid. Then `create` needs not run again.
    pub valid: String,
}

/// Making a table of SQLite anew, in these steps within the transaction:
///
/// 1. Read from `sqlite_schema` the texts of the triggers on `table`, and of its indexes that are neither in
///    `known_indexes` nor without a text: they are the user's. Read its row of `sqlite_sequence`, if there is one.
/// 2. `DROP TABLE IF EXISTS` of `temporary`, then `create`.
/// 3. `copy`. The number of rows that it reports must be that of `table`.
/// 4. `DROP TABLE` of `table`.
/// 5. `PRAGMA legacy_alter_table = ON`, so that views and triggers that name the table are left alone, then `rename`,
///    then the pragma off.
/// 6. If `sequence`, set the row of `sqlite_sequence` to the larger of what it was and what it is.
/// 7. `indexes`, then the user's indexes, then the triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteRebuild {
    /// The name of the table, not quoted.
    pub table: String,
    /// The name of the new table until it is renamed, not quoted.
    pub temporary: String,
    /// `CREATE TABLE` of the new one under its temporary name.
    pub create: String,
    /// `INSERT INTO temporary … SELECT … FROM table`.
    pub copy: String,
    /// `ALTER TABLE temporary RENAME TO table`.
    pub rename: String,
    /// `CREATE INDEX` of the indexes that the schema has afterwards.
    pub indexes: Vec<String>,
    /// Names of the indexes that the schema has had, which are not made again by their old texts.
    pub known_indexes: Vec<String>,
    /// Whether the table keeps the highest number that it has given out (`AUTOINCREMENT`).
    pub sequence: bool,
}

impl SqliteRebuild {
    /// The same as statements, for a script on paper. Triggers and indexes that the schema does not know cannot be in
    /// it, as nobody has looked for them.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let quote = |name: &str| crate::ir::quote::quote_ident(DialectName::Sqlite, name);
        let text = |text: &str| crate::ir::quote::quote_string(DialectName::Sqlite, text);
        let (old, new) = (text(&self.table), text(&self.temporary));
        let mut all =
            vec![format!("DROP TABLE IF EXISTS {}", quote(&self.temporary)), self.create.clone(), self.copy.clone()];
        if self.sequence {
            // The row moves with the rename; before, it is raised to what the old table has given out.
            all.push(format!("INSERT INTO sqlite_sequence (name, seq) SELECT {new}, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = {new})"));
            all.push(format!("UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = {old}), 0)) WHERE name = {new}"));
        }
        all.extend([
            format!("DROP TABLE {}", quote(&self.table)),
            "PRAGMA legacy_alter_table = ON".to_owned(),
            self.rename.clone(),
            "PRAGMA legacy_alter_table = OFF".to_owned(),
        ]);
        all.extend(self.indexes.iter().cloned());
        all
    }
}

impl Script {
    /// The script as text for a database's own client (`sqlite3`, `psql`, `mysql`), which it tells to stop at an error,
    /// with what it does in comments. A precheck is a comment with its query, as plain SQL cannot stop by it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut about = "";
        let transactions = self.dialect != DialectName::Mysql;
        let mut open = false;
        // Clients go on after an error, and what follows may drop the table whose rows were not copied.
        out.push_str(match self.dialect {
            DialectName::Sqlite => ".bail on\n",
            DialectName::Postgres => "\\set ON_ERROR_STOP on\n",
            DialectName::Mysql => "",
        });
        if self.foreign_keys_off {
            out.push_str("PRAGMA foreign_keys = OFF;\n");
        }
        for step in &self.steps {
            let wanted = transactions && step.transactional;
            if open != wanted {
                out.push_str(if wanted { "BEGIN;\n" } else { "COMMIT;\n" });
                open = wanted;
            }
            if step.about != about {
                about = &step.about;
                out.push_str(&format!("-- {}\n", one_line(about)));
            }
            for line in step.action.text() {
                out.push_str(&line);
                out.push('\n');
            }
        }
        if open {
            out.push_str("COMMIT;\n");
        }
        if self.foreign_keys_off {
            out.push_str("PRAGMA foreign_keys = ON;\n");
        }
        out
    }
}

impl Action {
    fn text(&self) -> Vec<String> {
        let end = |sql: &str| format!("{};", sql.trim_end().trim_end_matches(';'));
        match self {
            Self::Sql(sql) => vec![end(sql)],
            Self::Precheck(check) => vec![format!("-- must give 0: {}", one_line(&end(&check.sql)))],
            Self::Backfill(fill) => {
                vec![format!("-- again until it changes no row, at most {} at a time", fill.batch), end(&fill.sql)]
            }
            Self::ConcurrentIndex(index) => {
                std::iter::once(&index.drop).chain(&index.create).map(|sql| end(sql)).collect()
            }
            Self::SqliteRebuild(rebuild) => rebuild.statements().iter().map(|sql| end(sql)).collect(),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
