//! Revisions as text: the form in which they go to the runtime, in generated code and from the command alike.
//!
//! What the words mean is told by the reader, `runtime/src/migrate/text.rs`.

use super::history::File;
use super::script::{Action, Script, SqliteRebuild};

/// The steps of a way, and what is lost on it that nobody has accepted.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The steps.
    pub script: &'a Script,
    /// What is lost, each in a phrase.
    pub loses: &'a [String],
}

/// A revision with its ways, written for a database.
#[must_use]
pub fn revision(file: &File, up: Way<'_>, down: Option<Way<'_>>) -> String {
    let mut out = Text(String::new());
    out.line("revision", &file.revision.id);
    out.all("parent", &file.revision.parents);
    out.line("message", &file.revision.message);
    out.line("checksum", &file.checksum);
    out.way("up", up);
    if let Some(down) = down {
        out.way("down", down);
    }
    out.0
}

struct Text(String);

impl Text {
    /// A word and what it says; further lines begin with a blank.
    fn line(&mut self, word: &str, said: &str) {
        self.0.push_str(word);
        if !said.is_empty() {
            self.0.push(' ');
            self.0.push_str(&said.replace('\n', "\n "));
        }
        self.0.push('\n');
    }

    fn all(&mut self, word: &str, said: &[String]) {
        said.iter().for_each(|said| self.line(word, said));
    }

    fn way(&mut self, word: &str, way: Way<'_>) {
        self.line(word, if way.script.foreign_keys_off { "foreign_keys_off" } else { "" });
        self.all("loses", way.loses);
        for step in &way.script.steps {
            self.line(if step.transactional { "step" } else { "alone" }, &step.about);
            self.action(&step.action);
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Sql(sql) => self.line("sql", sql),
            Action::Precheck(check) => {
                self.line("check", &check.sql);
                self.line("otherwise", &check.message);
                self.line("help", &check.help);
            }
            Action::Backfill(fill) => {
                self.line("fill", &fill.sql);
                self.line("left", &fill.left);
            }
            Action::ConcurrentIndex(index) => {
                self.line("index", &index.valid);
                self.line("drop", &index.drop);
                if let Some(create) = &index.create {
                    self.line("create", create);
                }
            }
            Action::SqliteRebuild(rebuild) => self.rebuild(rebuild),
        }
    }

    fn rebuild(&mut self, it: &SqliteRebuild) {
        self.line("table", &it.table);
        self.line("temporary", &it.temporary);
        self.line("create", &it.create);
        self.line("copy", &it.copy);
        self.line("rename", &it.rename);
        self.all("index", &it.indexes);
        self.all("known", &it.known_indexes);
        if it.sequence {
            self.line("sequence", "");
        }
    }
}
