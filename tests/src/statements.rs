//! Counts the statements that a piece of code sends.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Listens to the statements of this thread while it lives.
pub struct Statements {
    seen: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Statements {
    /// Begins to listen.
    pub fn listen() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let guard = tracing::subscriber::set_default(Listener { seen: Arc::clone(&seen) });
        Self { seen, _guard: guard }
    }

    /// The statements since the last call, without transaction control.
    pub fn take(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let control = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"];
        seen.drain(..).filter(|sql| !control.iter().any(|word| sql.starts_with(word))).collect()
    }

    /// How many there were since the last call.
    pub fn count(&self) -> usize {
        self.take().len()
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}

struct Listener {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "pilaster::sql"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(None);
        event.record(&mut text);
        if let Some(text) = text.0 {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(Option<String>);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.query.text" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
