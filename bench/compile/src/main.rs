//! Measures what models cost at compile time: writes crates of so many tables and 50 queries, and runs cargo on them.
//!
//! `bench-compile [TABLES]... [--fast]` prints a table; `--fast` leaves out what is built and only checks. Crates are
//! kept in `target/compile`, with their own target folder.
#![allow(clippy::print_stdout)]

mod spec;
mod uses;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pilaster_generator::Generator;
use pilaster_generator::render::Layout;

type Anything<T> = Result<T, Box<dyn Error>>;

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fast = arguments.iter().any(|argument| argument == "--fast");
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![10, 100, 500];
    }
    println!("| tables | what | wall s | CPU s | peak MiB |");
    println!("|---:|---|---:|---:|---:|");
    for tables in sizes {
        Case::new(tables)?.measure(fast)?;
    }
    Ok(())
}

/// A crate that is measured.
struct Case {
    tables: usize,
    folder: PathBuf,
}

impl Case {
    fn new(tables: usize) -> Anything<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/compile").join(format!("tables-{tables}"));
        fs::create_dir_all(folder.join("src"))?;
        Ok(Self { tables, folder: folder.canonicalize()? })
    }

    fn measure(&self, fast: bool) -> Anything<()> {
        // First the dependencies alone, under an empty crate.
        self.write("Cargo.toml", &self.manifest())?;
        self.write("src/lib.rs", "//! Nothing yet.\n")?;
        // A run that was stopped may have left it behind.
        let _ = fs::remove_file(self.folder.join("build.rs"));
        self.cargo(&["check"])?;
        if !fast {
            self.cargo(&["build"])?;
            self.cargo(&["build", "--release"])?;
        }
        let generated = self.generate("")?;
        self.row("generate", &generated);
        self.write("src/lib.rs", LIB)?;
        self.write("src/uses.rs", &uses::queries(self.tables, 50))?;
        self.row("check, from nothing", &self.cargo(&["check"])?);
        self.generate("added: integer null")?;
        self.row("check, a column added", &self.cargo(&["check"])?);
        if !fast {
            self.row("debug build, from nothing", &self.cargo(&["build"])?);
            self.generate("")?;
            self.row("debug build, a column removed", &self.cargo(&["build"])?);
            self.row("release build, from nothing", &self.cargo(&["build", "--release"])?);
            self.build_script()?;
        }
        Ok(())
    }

    fn manifest(&self) -> String {
        let (tables, root) = (self.tables, Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        let (runtime, generator) = (root.join("runtime"), root.join("generator"));
        format!(
            "[package]\nname = \"tables-{tables}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\npilaster = {{ path = {runtime:?} }}\n\n\
             [build-dependencies]\npilaster-generator = {{ path = {generator:?}, default-features = false }}\n"
        )
    }

    /// Writes the models into the crate; the column goes into the model in the middle.
    fn generate(&self, column: &str) -> Anything<Cost> {
        self.write("models.yaml", &spec::models(self.tables, column))?;
        let generator = Generator::new().spec(self.folder.join("models.yaml"));
        let begun = Instant::now();
        let generated = generator.generate(Layout::File("models.rs".to_owned()));
        let cost = Cost::wall(begun.elapsed());
        let (files, _) = generated.map_err(|problems| problems.render(false))?;
        for (path, text) in &files.files {
            self.write(&format!("src/{path}"), text)?;
        }
        Ok(cost)
    }

    /// A build script over the same spec, as cargo builds it: without optimisation.
    fn build_script(&self) -> Anything<()> {
        self.write("build.rs", "fn main() { pilaster_generator::build(\"models.yaml\"); }\n")?;
        self.cargo(&["build"])?;
        let (found, out) = (self.target().join("debug/build"), self.folder.join("out"));
        let mut scripts = Vec::new();
        for folder in fs::read_dir(found)? {
            let script = folder?.path().join("build-script-build");
            if script.display().to_string().contains(&format!("/tables-{}-", self.tables)) && script.exists() {
                scripts.push(script);
            }
        }
        let script = scripts.first().ok_or("cargo built no build script")?;
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out)?;
        for what in ["build script, first run", "build script, nothing changed"] {
            let mut command = Command::new(script);
            command.current_dir(&self.folder).env("OUT_DIR", &out).env("CARGO_MANIFEST_DIR", &self.folder);
            let begun = Instant::now();
            let output = command.output()?;
            self.row(what, &Cost::wall(begun.elapsed()));
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
        }
        fs::remove_file(self.folder.join("build.rs"))?;
        Ok(())
    }

    fn target(&self) -> PathBuf {
        self.folder.join("../target")
    }

    fn write(&self, path: &str, text: &str) -> Anything<()> {
        Ok(fs::write(self.folder.join(path), text)?)
    }

    /// Runs cargo and gives what it and everything beneath it took.
    fn cargo(&self, arguments: &[&str]) -> Anything<Cost> {
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "took %U %S %M", "cargo"]).args(arguments).arg("--quiet");
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.target());
        // What cargo tells the programs it runs is about this program, not about that crate.
        command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_ENCODED_RUSTFLAGS");
        let begun = Instant::now();
        let output = command.output()?;
        let mut cost = Cost::wall(begun.elapsed());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(text.into());
        }
        let took = text.lines().rev().find_map(|line| line.strip_prefix("took ")).unwrap_or_default();
        let numbers: Vec<f64> = took.split(' ').filter_map(|number| number.parse().ok()).collect();
        if let [user, system, kib] = numbers.as_slice() {
            cost.cpu = Some(user + system);
            cost.peak = Some(kib / 1024.0);
        }
        Ok(cost)
    }

    fn row(&self, what: &str, cost: &Cost) {
        let shown = |number: Option<f64>, digits| number.map_or(String::new(), |number| format!("{number:.digits$}"));
        let (tables, wall) = (self.tables, cost.wall.as_secs_f64());
        println!("| {tables} | {what} | {wall:.2} | {} | {} |", shown(cost.cpu, 2), shown(cost.peak, 0));
    }
}

/// What a run took.
struct Cost {
    wall: Duration,
    /// Seconds of all processes and threads together: the figure to trust on a busy machine.
    cpu: Option<f64>,
    /// MiB of the largest process.
    peak: Option<f64>,
}

impl Cost {
    fn wall(wall: Duration) -> Self {
        Self { wall, cpu: None, peak: None }
    }
}

const LIB: &str = "\
//! Generated models, and queries that use them.

pub mod models;
pub mod uses;
";
