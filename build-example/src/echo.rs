//! Prints the SQL that Pilaster sends, out of its `tracing` events.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts printing.
pub fn start() {
    tracing_subscriber::registry().with(Echo).init();
}

struct Echo;

impl<S: Subscriber> Layer<S> for Echo {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "pilaster::sql"
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Printer);
    }
}

struct Printer;

impl Visit for Printer {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.query.text" {
            print_statement(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Prints a statement indented, long lines broken between words.
fn print_statement(sql: &str) {
    let mut lead = "      SQL  ";
    for line in sql.lines() {
        let mut rest = line;
        while let Some(at) = break_of(rest) {
            let (head, tail) = rest.split_at(at);
            println!("{lead}{head}");
            lead = CONTINUED;
            rest = tail.trim_start();
        }
        println!("{lead}{rest}");
        lead = INDENT;
    }
}

const INDENT: &str = "           ";
const CONTINUED: &str = "             ";
const WIDTH: usize = 100;

/// The last blank at which a line that is too long can be broken.
fn break_of(line: &str) -> Option<usize> {
    let (end, _) = line.char_indices().nth(WIDTH)?;
    line.get(..end)?.rfind(' ').filter(|at| *at > 0)
}
