//! Regenerates every case and compares it with what is committed. `PILASTER_BLESS=1 cargo test -p pilaster-tests --test
//! golden` writes what is generated now.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pilaster_generator::config::{self, Input, Layer};
use pilaster_generator::diag::{Diagnostics, SourceText};
use pilaster_generator::output::{self, FileSet};
use pilaster_generator::render::Layout;
use pilaster_generator::{pipeline, spec};

// The library is empty while goldens are blessed, so its parts that stand alone are taken in.
#[path = "golden/input.rs"]
mod input;
#[path = "../src/servers.rs"]
#[allow(dead_code)]
mod servers;
#[path = "../src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers_mysql;

use input::Prepared;

const BLESS: &str = "PILASTER_BLESS=1 cargo test -p pilaster-tests --test golden";

struct Case {
    name: String,
    dir: PathBuf,
}

/// What a case gives: files, and everything that was said.
struct Outcome {
    files: Option<FileSet>,
    said: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| Case { name: entry.file_name().to_string_lossy().into_owned(), dir: entry.path() })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

impl Case {
    /// The input, ready to be read; `None` when it needs a server that is not there.
    fn prepare(&self) -> Option<Prepared> {
        input::prepare(&self.dir)
    }

    fn layer(&self, diagnostics: &mut Diagnostics) -> Layer {
        let path = self.dir.join("pilaster.toml");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let source = Arc::new(SourceText { name: "pilaster.toml".into(), text });
                config::read(&source, &self.dir, diagnostics)
            }
            Err(_) => Layer::default(),
        }
    }

    fn generate(&self) -> Option<Outcome> {
        self.prepare().map(|prepared| self.generate_from(&prepared))
    }

    fn generate_from(&self, prepared: &Prepared) -> Outcome {
        let mut diagnostics = Diagnostics::new();
        let layer = Layer { input: Some(prepared.input.clone()), ..self.layer(&mut diagnostics) };
        let files = match layer.options(&self.dir) {
            Ok(options) if !diagnostics.has_errors() => pipeline::generate(&options, Layout::Folder, &mut diagnostics),
            Ok(_) => None,
            Err(found) => {
                diagnostics.extend(found);
                None
            }
        };
        let said = diagnostics.render(false).replace(&format!("{}/", self.dir.display()), "");
        Outcome { files, said: prepared.without_place(&said) }
    }

    fn is_bad(&self) -> bool {
        self.name.starts_with("bad_")
    }

    /// The file that holds what was said.
    fn log(&self) -> PathBuf {
        self.dir.join(if self.is_bad() { "errors.txt" } else { "warnings.txt" })
    }

    fn bless(&self, outcome: &Outcome) {
        if let Some(files) = &outcome.files {
            output::write(&self.dir.join("expected"), files).unwrap_or_else(|found| panic!("{}", found.render(false)));
        }
        if outcome.said.is_empty() {
            let _ = fs::remove_file(self.log());
        } else {
            fs::write(self.log(), &outcome.said).unwrap();
        }
    }

    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let mut found = Vec::new();
        if self.is_bad() == outcome.files.is_some() {
            found.push(format!("{}: good input must give files and bad input none\n{}", self.name, outcome.said));
        }
        let expected = fs::read_to_string(self.log()).unwrap_or_default();
        if expected != outcome.said {
            found.push(format!("{}: said\n{}\ninstead of\n{expected}", self.name, outcome.said));
        }
        let Some(files) = &outcome.files else { return found };
        match output::check(&self.dir.join("expected"), files) {
            Ok(differences) => found
                .extend(differences.into_iter().map(|item| format!("{}: {} is {:?}", self.name, item.path, item.kind))),
            Err(problems) => found.push(problems.render(false)),
        }
        found
    }
}

#[test]
fn goldens_are_what_is_generated() {
    let bless = std::env::var_os("PILASTER_BLESS").is_some();
    let mut differences = Vec::new();
    for case in cases() {
        let Some(outcome) = case.generate() else { continue };
        if bless {
            case.bless(&outcome);
        }
        differences.extend(case.differences(&outcome));
    }
    assert!(differences.is_empty(), "{}\n\nIf this is meant: {BLESS}", differences.join("\n"));
}

#[test]
fn a_second_run_writes_nothing_and_gives_the_same_bytes() {
    for case in cases() {
        let Some(prepared) = case.prepare() else { continue };
        let run = || case.generate_from(&prepared).files;
        let (Some(first), Some(second)) = (run(), run()) else { continue };
        assert_eq!(first, second, "{}", case.name);
        let folder = tempfile::tempdir().unwrap();
        assert!(!output::write(folder.path(), &first).unwrap().written.is_empty());
        let report = output::write(folder.path(), &second).unwrap();
        assert!(report.written.is_empty() && report.removed.is_empty(), "{}: {report:?}", case.name);
    }
}

#[test]
fn one_file_holds_the_same_code() {
    for case in cases().into_iter().filter(|case| !case.is_bad()) {
        let Some(prepared) = case.prepare() else { continue };
        let mut diagnostics = Diagnostics::new();
        let layer = Layer { input: Some(prepared.input.clone()), ..case.layer(&mut diagnostics) };
        let options = layer.options(&case.dir).unwrap();
        let files = pipeline::generate(&options, Layout::File("models.rs".into()), &mut diagnostics);
        let files = files.unwrap_or_else(|| panic!("{}: {}", case.name, diagnostics.render(false)));
        assert_eq!(files.files.keys().collect::<Vec<_>>(), ["models.rs"], "{}", case.name);
    }
}

#[test]
fn every_case_is_compiled_and_every_folder_is_a_case() {
    if std::env::var_os("PILASTER_BLESS").is_some() {
        // The folders are being written by another test.
        return;
    }
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases.rs")).unwrap();
    let compiled: BTreeSet<&str> =
        list.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let cases = cases();
    let good: BTreeSet<&str> = cases.iter().filter(|case| !case.is_bad()).map(|case| case.name.as_str()).collect();
    assert_eq!(compiled, good, "src/cases.rs lists the good cases of cases/");
    let known = ["pilaster.toml", "migrations", "expected", "errors.txt", "warnings.txt"].map(str::to_owned);
    for case in &cases {
        let mut inputs = 0;
        for entry in fs::read_dir(&case.dir).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let is_input = input::FILES.contains(&name.as_str());
            assert!(is_input || known.contains(&name), "{}/{name} is no part of a case", case.name);
            inputs += u32::from(is_input);
        }
        assert_eq!(inputs, 1, "{} has one input", case.name);
        assert_eq!(case.is_bad(), !case.dir.join("expected").exists(), "{}", case.name);
    }
}

/// What `inspect` prints of a server's database is a spec of the same code.
#[test]
fn the_spec_of_a_server_gives_the_same_code() {
    for case in cases().into_iter().filter(|case| !case.is_bad()) {
        let Some(prepared) = case.prepare().filter(Prepared::is_server) else { continue };
        let mut diagnostics = Diagnostics::new();
        let layer = Layer { input: Some(prepared.input.clone()), ..case.layer(&mut diagnostics) };
        let options = layer.clone().options(&case.dir).unwrap();
        let schema = pipeline::schema(&options, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.yaml");
        let text = spec::write(&schema);
        fs::write(&path, &text).unwrap();
        let options = Layer { input: Some(Input::Spec(path)), ..layer }.options(&case.dir).unwrap();
        let mut diagnostics = Diagnostics::new();
        let files = pipeline::generate(&options, Layout::Folder, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{}: {diagnostics}\n{text}", case.name);
        let expected = case.generate_from(&prepared).files.unwrap();
        for (name, code) in &files.unwrap().files {
            let other = expected.files.get(name).map_or("", String::as_str);
            let different = code.lines().zip(other.lines()).find(|(one, two)| one != two);
            assert!(code == other, "{}/{name}: {different:?}\n{text}", case.name);
        }
    }
}
