//! See [`program`].

#[cfg(not(bless))]
mod program;

#[cfg(not(bless))]
fn main() -> std::process::ExitCode {
    program::run()
}

/// The suite is not there while goldens are being blessed.
#[cfg(bless)]
fn main() {}
