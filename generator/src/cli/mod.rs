//! The command line: flags to options, results to text or JSON, findings to exit codes.
//!
//! [`run`] takes its arguments and writers as values, so tests run commands like any function. It ends with 0 when all
//! is well, 1 when there are findings, and 2 when it was asked for something that cannot be.

mod args;
mod check;
mod db;
mod generate;
mod inspect;
mod json;
mod new;
mod report;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::config::{self, Input, Layer, Options};
use crate::diag::Diagnostics;
use crate::pipeline;
use crate::url::{self, Target};

use args::{Arguments, Command};
use report::Report;

/// What a command finds around itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings {
    /// Whether the error writer is a terminal that shows colours.
    pub colour: bool,
    /// Asks a person; without one, what needs an answer is refused.
    pub confirm: Option<fn(&str) -> bool>,
    /// Reads the environment.
    pub env: Option<fn(&str) -> Option<String>>,
    /// Seconds since 1970; without it, the clock's.
    pub now: Option<u64>,
}

/// Runs the command of this process and returns its exit code.
#[must_use]
pub fn main() -> u8 {
    let terminal = std::io::stderr().is_terminal();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let person = terminal && std::io::stdin().is_terminal();
    let around = Surroundings {
        colour: terminal && !no_colour,
        confirm: person.then_some(ask as fn(&str) -> bool),
        env: Some(|key| std::env::var(key).ok()),
        now: None,
    };
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    u8::try_from(run_in(around, std::env::args_os(), &mut out, &mut err)).unwrap_or(2)
}

fn ask(question: &str) -> bool {
    let mut err = std::io::stderr();
    let _ = write!(err, "{question} [y/N] ");
    let _ = err.flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
}

/// Runs a command, the program's name being the first argument, with no environment and nobody to ask.
pub fn run<I>(args: I, out: &mut dyn Write, err: &mut dyn Write) -> i32
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    run_in(Surroundings::default(), args, out, err)
}

/// Runs a command in given surroundings.
pub fn run_in<I>(around: Surroundings, args: I, out: &mut dyn Write, err: &mut dyn Write) -> i32
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, &args, around, out, err),
    };
    let mut context = Context {
        around,
        root: arguments.directory.clone().unwrap_or_default(),
        config: arguments.config.clone(),
        diagnostics: Diagnostics::default(),
    };
    let report = match &arguments.command {
        Command::New(args) => new::run(&mut context, args),
        Command::Generate(args) => generate::run(&mut context, args),
        Command::Inspect(args) => inspect::run(&mut context, args),
        Command::Check(args) => check::run(&mut context, args),
        Command::Db(command) => db::run(&mut context, command),
    };
    report::write(report, &context.diagnostics, arguments.json, around.colour, out, err)
}

/// Help and the version are results; everything else that parsing says is misuse.
fn usage(
    error: &clap::Error,
    args: &[OsString],
    around: Surroundings,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    let text = error.render();
    let mut text = if around.colour { text.ansi().to_string() } else { text.to_string() };
    // One that is not expected is repeated, and may be a URL.
    for argument in args.iter().filter_map(|argument| argument.to_str()) {
        let value = argument.split_once('=').map(|(_, value)| value);
        for shown in [Some(argument), value].into_iter().flatten().filter(|shown| shown.contains([':', '='])) {
            text = text.replace(shown, &url::redact(shown));
        }
    }
    let _ = if error.use_stderr() { err.write_all(text.as_bytes()) } else { out.write_all(text.as_bytes()) };
    error.exit_code()
}

/// What every command needs.
struct Context {
    around: Surroundings,
    /// Where relative paths start.
    root: PathBuf,
    /// The settings file, when one is named.
    config: Option<PathBuf>,
    diagnostics: Diagnostics,
}

impl Context {
    /// A path of a flag.
    fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// File, then environment, then flags. `None`, with diagnostics, when they make no options.
    fn options(&mut self, flags: Layer) -> Option<Options> {
        let file = self.file()?;
        let env = self.around.env.map(Layer::from_env).unwrap_or_default();
        match flags.over(env.over(file)).options(&self.root) {
            Ok(mut options) => {
                if let Input::Database(url) = &mut options.input {
                    self.place(url);
                }
                (!self.diagnostics.has_errors()).then_some(options)
            }
            Err(found) => {
                self.diagnostics.extend(found);
                None
            }
        }
    }

    /// A file of SQLite starts where paths start.
    fn place(&self, url: &mut String) {
        if let Ok(Target::Sqlite(path)) = url::parse(url)
            && !self.root.as_os_str().is_empty()
        {
            *url = url::at_file(url, &self.path(&path));
        }
    }

    fn file(&mut self) -> Option<Layer> {
        let path = match &self.config {
            Some(path) => self.path(path),
            None => self.path(Path::new(config::FILE)),
        };
        if self.config.is_none() && !path.is_file() {
            return Some(Layer::default());
        }
        let source = pipeline::read(&path, &mut self.diagnostics)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let before = self.diagnostics.error_count();
        let layer = config::read(&source, folder, &mut self.diagnostics);
        // What is missing then may be what could not be read.
        (self.diagnostics.error_count() == before).then_some(layer)
    }
}

#[cfg(test)]
mod tests;
