//! Revisions and scripts as the runtime's runner takes them.

use std::borrow::Cow;

use pilaster::Dialect;
use pilaster::migrate as run;

use crate::ir::DialectName;
use crate::migrate::history::File;
use crate::migrate::script::{Action, Script, SqliteRebuild};

/// A revision with its scripts.
pub(super) fn revision(file: &File, up: &Script, down: Option<&Script>) -> run::Revision {
    let parents = file.revision.parents.iter().cloned().map(Cow::Owned).collect();
    run::Revision {
        id: file.revision.id.clone().into(),
        parents,
        message: file.revision.message.clone().into(),
        checksum: file.checksum.clone().into(),
        up: script(up),
        down: down.map(script),
    }
}

fn script(script: &Script) -> run::Script {
    let steps = script.steps.iter().map(|step| run::Step {
        about: step.about.clone().into(),
        transactional: step.transactional,
        action: action(&step.action),
    });
    let dialect = match script.dialect {
        DialectName::Sqlite => Dialect::Sqlite,
        DialectName::Postgres => Dialect::Postgres,
        DialectName::Mysql => Dialect::Mysql,
    };
    run::Script { dialect, foreign_keys_off: script.foreign_keys_off, steps: steps.collect() }
}

fn text(text: &str) -> run::Text {
    Cow::Owned(text.to_owned())
}

fn action(action: &Action) -> run::Action {
    match action {
        Action::Sql(sql) => run::Action::Sql(text(sql)),
        Action::Precheck(it) => run::Action::Precheck(run::Precheck {
            sql: text(&it.sql),
            message: text(&it.message),
            help: text(&it.help),
        }),
        Action::Backfill(it) => run::Action::Backfill(run::Backfill { sql: text(&it.sql), left: text(&it.left) }),
        Action::ConcurrentIndex(it) => run::Action::ConcurrentIndex(run::ConcurrentIndex {
            drop: text(&it.drop),
            create: it.create.as_deref().map(text),
            valid: text(&it.valid),
        }),
        Action::SqliteRebuild(it) => run::Action::SqliteRebuild(Cow::Owned(rebuild(it))),
    }
}

fn rebuild(it: &SqliteRebuild) -> run::SqliteRebuild {
    let texts = |all: &[String]| all.iter().map(|one| text(one)).collect();
    run::SqliteRebuild {
        table: text(&it.table),
        temporary: text(&it.temporary),
        create: text(&it.create),
        copy: text(&it.copy),
        rename: text(&it.rename),
        indexes: texts(&it.indexes),
        known_indexes: texts(&it.known_indexes),
        sequence: it.sequence,
    }
}
