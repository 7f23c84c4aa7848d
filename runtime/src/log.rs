//! The one place where statements are logged.
//!
//! The target is `pilaster::sql`. Every statement is an event at DEBUG, with `echo` at INFO and with its parameters,
//! and at WARN when it took longer than the slow threshold. Nothing is measured while nobody listens.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::value::Params;

/// What of the settings concerns logging.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logging {
    pub system: &'static str,
    pub echo: bool,
    pub slow: Option<Duration>,
}

/// A statement that is being measured.
pub(crate) struct Watch {
    logging: Logging,
    begun: Instant,
}

impl Logging {
    /// Begins to measure a statement; `None` while nobody wants to know.
    #[inline]
    pub(crate) fn watch(self) -> Option<Watch> {
        let wanted = tracing::enabled!(target: "pilaster::sql", tracing::Level::DEBUG)
            || (self.echo && tracing::enabled!(target: "pilaster::sql", tracing::Level::INFO))
            || (self.slow.is_some() && tracing::enabled!(target: "pilaster::sql", tracing::Level::WARN));
        if wanted { Some(Watch { logging: self, begun: Instant::now() }) } else { None }
    }
}

impl Watch {
    /// Logs the statement. `rows` are those read, `affected` those changed.
    #[cold]
    pub(crate) fn done<T>(
        self,
        sql: &str,
        params: Option<&dyn Params>,
        outcome: &Result<T>,
        rows: Option<u64>,
        affected: Option<u64>,
    ) {
        let elapsed = self.begun.elapsed();
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let error = outcome.as_ref().err().map(tracing::field::display);
        let parameters = if self.logging.echo { params.map(show) } else { None };
        macro_rules! event {
            ($level:expr, $message:literal) => {
                tracing::event!(
                    target: "pilaster::sql",
                    $level,
                    db.system.name = self.logging.system,
                    db.query.text = sql,
                    parameters,
                    rows,
                    affected,
                    elapsed = micros,
                    error,
                    $message
                )
            };
        }
        if self.logging.slow.is_some_and(|slow| elapsed >= slow) {
            event!(tracing::Level::WARN, "slow statement");
        } else if self.logging.echo {
            event!(tracing::Level::INFO, "statement");
        } else {
            event!(tracing::Level::DEBUG, "statement");
        }
    }
}

/// Parameters as text, only for `echo`.
fn show(params: &dyn Params) -> String {
    let mut out = String::from("[");
    let shown = params.bind(&mut |value| {
        if out.len() > 1 {
            out.push_str(", ");
        }
        out.push_str(&value.shown());
        Ok(())
    });
    if shown.is_err() {
        out.push('…');
    }
    out.push(']');
    out
}
