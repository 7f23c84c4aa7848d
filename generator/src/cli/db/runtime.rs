//! Revisions and scripts as the runtime's runner takes them.

use pilaster::{Dialect, codegen, migrate as run};

use crate::ir::DialectName;
use crate::migrate::history::File;
use crate::migrate::script::Script;
use crate::migrate::text::{self, Way};

/// A revision with its scripts, by way of the text that a program would carry: so both run the same.
pub(super) fn revision(file: &File, up: &Script, down: Option<&Script>) -> pilaster::Result<run::Revision> {
    // What may be lost was asked before.
    let way = |script| Way { script, loses: &[] };
    codegen::revision(&text::revision(file, way(up), down.map(way)), dialect(up.dialect))
}

fn dialect(name: DialectName) -> Dialect {
    match name {
        DialectName::Sqlite => Dialect::Sqlite,
        DialectName::Postgres => Dialect::Postgres,
        DialectName::Mysql => Dialect::Mysql,
    }
}
