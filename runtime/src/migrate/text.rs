//! Revisions as text: the form in which a program carries them.
//!
//! A static per step costs the compiler more than the rest of a program, so each revision is one text, written by the
//! generator for one database. A line is a word and what it says; a line that begins with a blank goes on with the one
//! before. The words, in this order:
//!
//! ```text
//! revision 20261122_2230_views
//! parent 20261101_0900_users         for each
//! message views
//! checksum 1f0c
//! up                                 or `up foreign_keys_off`
//! loses `post` is dropped            what is lost and nobody has accepted, for each
//! step add column post.views         or `alone …`, for what no transaction can hold
//! sql ALTER TABLE …                  or another action
//! down                               as `up`; missing where there is no way back
//! ```
//!
//! The other actions are `check`, `otherwise`, `help`; `fill`, `left`; `index`, `drop`, `create`; and `table`, `temporary`,
//! `create`, `copy`, `rename`, `index`, `known`, `sequence`, which are the fields of their structs.

use std::borrow::Cow;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::data::{Action, Backfill, ConcurrentIndex, Precheck, Revision, Script, SqliteRebuild, Step, Text};
use super::fail;
use crate::error::{Error, Result};
use crate::sql::Dialect;

/// A revision, and what it loses on its ways.
#[derive(Debug)]
pub(super) struct Written {
    pub revision: Revision,
    /// On the way up.
    pub loses: Vec<Text>,
    /// On the way down.
    pub loses_back: Vec<Text>,
}

/// Reads a text that lives as long as the program, and borrows from it.
pub(super) fn read_static(text: &'static str, dialect: Dialect) -> Result<Written> {
    read(text, dialect, Cow::Borrowed)
}

/// Reads a text that does not.
pub(super) fn read_owned(text: &str, dialect: Dialect) -> Result<Written> {
    read(text, dialect, |text| Cow::Owned(text.to_owned()))
}

fn read<'t>(text: &'t str, dialect: Dialect, keep: fn(&'t str) -> Text) -> Result<Written> {
    let mut reader = Reader { dialect, lines: lines(text, keep).into_iter().peekable() };
    let id = reader.take("revision")?;
    let parents = reader.all("parent");
    let message = reader.take("message")?;
    let checksum = reader.take("checksum")?;
    let (up, loses) = reader.script("up")?;
    let (down, loses_back) = match reader.is("down") {
        true => reader.script("down").map(|(script, loses)| (Some(script), loses))?,
        false => (None, Vec::new()),
    };
    if let Some((word, _)) = reader.lines.next() {
        return Err(unreadable(&format!("`{word}` stands at the end")));
    }
    Ok(Written { revision: Revision { id, parents: parents.into(), message, checksum, up, down }, loses, loses_back })
}

/// Words and what they say, with the lines that go on put together.
fn lines<'t>(text: &'t str, keep: fn(&'t str) -> Text) -> Vec<(&'t str, Text)> {
    let mut found: Vec<(&str, Text)> = Vec::new();
    // Not `str::lines`, which takes a carriage return at the end of a line for a part of the break.
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        match (line.strip_prefix(' '), found.last_mut()) {
            (Some(more), Some((_, said))) => {
                let said = said.to_mut();
                said.push('\n');
                said.push_str(more);
            }
            _ => {
                let (word, said) = line.split_once(' ').unwrap_or((line, ""));
                found.push((word, keep(said)));
            }
        }
    }
    found
}

struct Reader<'t> {
    dialect: Dialect,
    lines: Peekable<IntoIter<(&'t str, Text)>>,
}

impl Reader<'_> {
    fn is(&mut self, word: &str) -> bool {
        self.lines.peek().is_some_and(|(next, _)| *next == word)
    }

    fn maybe(&mut self, word: &str) -> Option<Text> {
        self.lines.next_if(|(next, _)| *next == word).map(|(_, said)| said)
    }

    fn take(&mut self, word: &str) -> Result<Text> {
        self.maybe(word).ok_or_else(|| unreadable(&format!("`{word}` is missing")))
    }

    fn all(&mut self, word: &str) -> Vec<Text> {
        std::iter::from_fn(|| self.maybe(word)).collect()
    }

    fn script(&mut self, word: &str) -> Result<(Script, Vec<Text>)> {
        let foreign_keys_off = self.take(word)? == "foreign_keys_off";
        let loses = self.all("loses");
        let mut steps = Vec::new();
        loop {
            let (about, transactional) = match (self.maybe("step"), self.is("alone")) {
                (Some(about), _) => (about, true),
                (None, true) => (self.take("alone")?, false),
                (None, false) => break,
            };
            steps.push(Step { about, transactional, action: self.action()? });
        }
        Ok((Script { dialect: self.dialect, foreign_keys_off, steps: steps.into() }, loses))
    }

    fn action(&mut self) -> Result<Action> {
        let Some((word, said)) = self.lines.next() else { return Err(unreadable("a step does nothing")) };
        Ok(match word {
            "sql" => Action::Sql(said),
            "check" => {
                let message = self.take("otherwise")?;
                Action::Precheck(Precheck { sql: said, message, help: self.take("help")? })
            }
            "fill" => Action::Backfill(Backfill { sql: said, left: self.take("left")? }),
            "index" => {
                let drop = self.take("drop")?;
                Action::ConcurrentIndex(ConcurrentIndex { drop, create: self.maybe("create"), valid: said })
            }
            "table" => Action::SqliteRebuild(Cow::Owned(self.rebuild(said)?)),
            _ => return Err(unreadable(&format!("`{word}` is no action"))),
        })
    }

    fn rebuild(&mut self, table: Text) -> Result<SqliteRebuild> {
        Ok(SqliteRebuild {
            table,
            temporary: self.take("temporary")?,
            create: self.take("create")?,
            copy: self.take("copy")?,
            rename: self.take("rename")?,
            indexes: self.all("index").into(),
            known_indexes: self.all("known").into(),
            sequence: self.maybe("sequence").is_some(),
        })
    }
}

fn unreadable(why: &str) -> Error {
    fail(format!(
        "a revision of this program cannot be read: {why}; generate its code again, with the generator of this version"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "revision b\nparent a\nmessage\nchecksum 1f\nup foreign_keys_off\nloses one\nloses two\n\
        step make it\nsql CREATE TABLE t (\n   a\r\n \n )\nstep look\ncheck SELECT 0\notherwise {count} rows\nhelp mend\n\
        alone fill\nfill UPDATE\nleft SELECT 1\nalone index\nindex SELECT 2\ndrop DROP\n\
        step anew\ntable t\ntemporary n\ncreate C\ncopy I\nrename A\nindex i\nindex j\nknown k\nsequence\ndown\n";

    #[test]
    fn every_word_is_read() {
        let read = read_static(TEXT, Dialect::Sqlite).unwrap();
        assert_eq!((read.loses.len(), read.loses_back.len()), (2, 0));
        let it = read.revision;
        assert_eq!(
            (&it.id[..], &it.parents[..], &it.message[..], &it.checksum[..]),
            ("b", &["a".into()][..], "", "1f")
        );
        assert!(it.up.foreign_keys_off);
        let step = |about: &'static str, transactional, action| Step { about: about.into(), transactional, action };
        let texts = |all: &[&'static str]| all.iter().map(|text| Text::from(*text)).collect::<Vec<_>>().into();
        let anew = SqliteRebuild {
            table: "t".into(),
            temporary: "n".into(),
            create: "C".into(),
            copy: "I".into(),
            rename: "A".into(),
            indexes: texts(&["i", "j"]),
            known_indexes: texts(&["k"]),
            sequence: true,
        };
        let check = Precheck { sql: "SELECT 0".into(), message: "{count} rows".into(), help: "mend".into() };
        let index = ConcurrentIndex { drop: "DROP".into(), create: None, valid: "SELECT 2".into() };
        let steps = [
            step("make it", true, Action::Sql("CREATE TABLE t (\n  a\r\n\n)".into())),
            step("look", true, Action::Precheck(check)),
            step("fill", false, Action::Backfill(Backfill { sql: "UPDATE".into(), left: "SELECT 1".into() })),
            step("index", false, Action::ConcurrentIndex(index)),
            step("anew", true, Action::SqliteRebuild(Cow::Owned(anew))),
        ];
        assert_eq!(&it.up.steps[..], steps);
        assert_eq!(it.down.unwrap().steps.len(), 0);
    }

    #[test]
    fn what_is_in_one_line_is_borrowed() {
        let read = read_static(TEXT, Dialect::Sqlite).unwrap().revision;
        assert!(matches!(read.id, Cow::Borrowed("b")));
        assert_eq!(read, read_owned(TEXT, Dialect::Sqlite).unwrap().revision);
    }

    #[test]
    fn what_is_no_revision_is_told() {
        let told = |text: &str| read_owned(text, Dialect::Mysql).unwrap_err().to_string();
        assert!(told("").contains("`revision` is missing"));
        let head = "revision a\nmessage\nchecksum 1\nup\n";
        assert!(told(&format!("{head}step x\n")).contains("a step does nothing"));
        assert!(told(&format!("{head}step x\nrun y\n")).contains("`run` is no action"));
        assert!(told(&format!("{head}sql y\n")).contains("`sql` stands at the end"));
    }
}
