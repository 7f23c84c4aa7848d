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
use pilaster_generator::pipeline;
use pilaster_generator::render::Layout;

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
    /// The input: a spec, or a database that the case's SQL makes in a temporary folder.
    fn input(&self, folder: &Path) -> Input {
        let sql = self.dir.join("schema.sql");
        if !sql.is_file() {
            return Input::Spec(self.dir.join("spec.yaml"));
        }
        let url = format!("sqlite://{}", folder.join("schema.db").display());
        let db = pilaster::blocking::Db::connect(&url).unwrap();
        // Foreign keys to tables that are not there are a case as well.
        db.sql(fs::read_to_string(sql).unwrap()).batch().unwrap();
        db.close().unwrap();
        Input::Database(url)
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

    fn generate(&self) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let mut diagnostics = Diagnostics::new();
        let layer = Layer { input: Some(self.input(folder.path())), ..self.layer(&mut diagnostics) };
        let files = match layer.options(&self.dir) {
            Ok(options) if !diagnostics.has_errors() => pipeline::generate(&options, Layout::Folder, &mut diagnostics),
            Ok(_) => None,
            Err(found) => {
                diagnostics.extend(found);
                None
            }
        };
        let said = diagnostics
            .render(false)
            .replace(&format!("{}/", self.dir.display()), "")
            .replace(&format!("{}/", folder.path().display()), "");
        Outcome { files, said }
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
        let outcome = case.generate();
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
        let (Some(first), Some(second)) = (case.generate().files, case.generate().files) else { continue };
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
        let folder = tempfile::tempdir().unwrap();
        let mut diagnostics = Diagnostics::new();
        let layer = Layer { input: Some(case.input(folder.path())), ..case.layer(&mut diagnostics) };
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
    let known =
        ["spec.yaml", "schema.sql", "pilaster.toml", "expected", "errors.txt", "warnings.txt"].map(str::to_owned);
    for case in &cases {
        let mut inputs = 0;
        for entry in fs::read_dir(&case.dir).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            assert!(known.contains(&name), "{}/{name} is no part of a case", case.name);
            inputs += u32::from(name == "spec.yaml" || name == "schema.sql");
        }
        assert_eq!(inputs, 1, "{} has one input", case.name);
        assert_eq!(case.is_bad(), !case.dir.join("expected").exists(), "{}", case.name);
    }
}
