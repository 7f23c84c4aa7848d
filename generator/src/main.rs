//! The `pilaster` command.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(pilaster_generator::cli::main())
}
