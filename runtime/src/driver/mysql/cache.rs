//! The prepared statements of a connection, by their text.

use std::sync::Arc;

use mysql_async::Statement;
use rustc_hash::FxHashMap;

/// A cache from which the statement not used for longest makes room.
pub(super) struct Cache {
    capacity: usize,
    statements: FxHashMap<Arc<str>, Kept>,
    clock: u64,
}

struct Kept {
    statement: Statement,
    used: u64,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, statements: FxHashMap::default(), clock: 0 }
    }

    /// Whether it keeps any.
    pub(super) fn keeps(&self) -> bool {
        self.capacity > 0
    }

    /// The statement of a text.
    pub(super) fn get(&mut self, sql: &str) -> Option<Statement> {
        let kept = self.statements.get_mut(sql)?;
        self.clock += 1;
        kept.used = self.clock;
        Some(kept.statement.clone())
    }

    /// Keeps a statement; gives the one that had to go.
    pub(super) fn put(&mut self, sql: &str, statement: Statement) -> Option<Statement> {
        let full = self.statements.len() >= self.capacity;
        let oldest = self.statements.iter().filter(|_| full).min_by_key(|(_, kept)| kept.used);
        let oldest = oldest.map(|(text, _)| Arc::clone(text));
        let gone = oldest.and_then(|text| self.statements.remove(&text));
        self.clock += 1;
        self.statements.insert(Arc::from(sql), Kept { statement, used: self.clock });
        gone.map(|kept| kept.statement)
    }

    /// Forgets all of them.
    pub(super) fn drain(&mut self) -> Vec<Statement> {
        self.statements.drain().map(|(_, kept)| kept.statement).collect()
    }
}
