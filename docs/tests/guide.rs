//! Runs the Rust blocks of every page; `build.rs` makes one test of each.
#![allow(missing_docs, unused, unused_qualifications, clippy::all, clippy::print_stdout, clippy::unwrap_used)]

use std::sync::{Mutex, PoisonError};

// Generated models name the custom types of their spec from the root.
use pilaster_docs::types;

/// Anything that an example gives back with `?`.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs a program in an empty folder. There is one current folder, so they take turns.
fn in_folder(program: impl FnOnce()) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    program();
}

include!(concat!(env!("OUT_DIR"), "/guide.rs"));
