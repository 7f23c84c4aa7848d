//! Counts the statements that a piece of code sends.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What this thread sent, while somebody listens.
    static SEEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Listens to the statements of this thread while it lives. One at a time.
pub struct Statements {
    // Only this thread's.
    _thread: PhantomData<*const ()>,
}

impl Statements {
    /// Begins to listen. The subscriber is one for all threads: what `tracing` caches about who is interested goes
    /// wrong for a moment when threads come and go with their own.
    pub fn listen() -> Self {
        static GLOBAL: Once = Once::new();
        GLOBAL.call_once(|| {
            // Somebody else's subscriber would be seen at once, by counts that are too low.
            let _ = tracing::subscriber::set_global_default(Listener);
        });
        // A statement that was sent for the first time of all just before it was there would be passed over for good.
        tracing::callsite::rebuild_interest_cache();
        SEEN.set(Some(Vec::new()));
        Self { _thread: PhantomData }
    }

    /// The statements since the last call, without transaction control.
    pub fn take(&self) -> Vec<String> {
        let seen = SEEN.replace(Some(Vec::new())).unwrap_or_default();
        let control = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"];
        seen.into_iter().filter(|sql| !control.iter().any(|word| sql.starts_with(word))).collect()
    }

    /// How many there were since the last call.
    pub fn count(&self) -> usize {
        self.take().len()
    }
}

impl Drop for Statements {
    fn drop(&mut self) {
        SEEN.set(None);
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}

struct Listener;

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
        SEEN.with_borrow_mut(|seen| {
            if let (Some(seen), Some(text)) = (seen, text.0) {
                seen.push(text);
            }
        });
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
