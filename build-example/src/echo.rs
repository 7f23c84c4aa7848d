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
            println!("      SQL  {value}");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
