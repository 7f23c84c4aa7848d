//! The prepared statements of a connection, by their text.

use std::sync::Arc;

use mysql_async::Statement;
use rustc_hash::FxHashMap;

/// Prepared statements kept per connection. The server counts them for all its connections together, 16,382 by default.
const STATEMENTS: usize = 128;

/// A cache from which the statement not used for longest makes room.
#[derive(Default)]
pub(super) struct Cache {
    statements: FxHashMap<Arc<str>, Kept>,
    clock: u64,
}

struct Kept {
    statement: Statement,
    used: u64,
}

impl Cache {
    /// The statement of a text.
    pub(super) fn get(&mut self, sql: &str) -> Option<Statement> {
        let kept = self.statements.get_mut(sql)?;
        self.clock += 1;
        kept.used = self.clock;
        Some(kept.statement.clone())
    }

    /// Keeps a statement; gives the one that had to go.
    pub(super) fn put(&mut self, sql: &str, statement: Statement) -> Option<Statement> {
        let oldest = match self.statements.len() {
            STATEMENTS.. => self.statements.iter().min_by_key(|(_, kept)| kept.used).map(|(text, _)| Arc::clone(text)),
            _ => None,
        };
        let gone = oldest.and_then(|text| self.statements.remove(&text));
        self.clock += 1;
        self.statements.insert(Arc::from(sql), Kept { statement, used: self.clock });
        gone.map(|kept| kept.statement)
    }

    /// Forgets a statement.
    pub(super) fn remove(&mut self, sql: &str) -> Option<Statement> {
        self.statements.remove(sql).map(|kept| kept.statement)
    }

    /// Forgets all of them.
    pub(super) fn drain(&mut self) -> Vec<Statement> {
        self.statements.drain().map(|(_, kept)| kept.statement).collect()
    }
}
