//! Spec → DDL → database → spec: the same tables.

use std::path::{Path, PathBuf};

use pilaster_generator::config::{Input, Layer};
use pilaster_generator::diag::Diagnostics;
use pilaster_generator::ir::{DialectName, Schema};
use pilaster_generator::pipeline;

use super::servers::{self, Host, options};
use super::tables::described;

/// The specs of all good cases and of the suite.
fn specs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = std::fs::read_dir(root.join("cases")).unwrap().map(|entry| entry.unwrap().path());
    let good = cases.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with("bad_"));
    let specs = good.map(|path| path.join("spec.yaml")).filter(|path| path.is_file());
    let suite = std::fs::read_dir(root.join("specs")).unwrap().map(|entry| entry.unwrap().path());
    // It carries types as text that a database is read with better ones for.
    let suite = suite.filter(|path| !path.ends_with("mysql.yaml"));
    let mut all: Vec<PathBuf> = specs.chain(suite).collect();
    all.sort();
    assert!(all.len() > 15, "{all:?}");
    all
}

fn schema(spec: &Path) -> Schema {
    let mut diagnostics = Diagnostics::new();
    let options = options(Layer { input: Some(Input::Spec(spec.to_owned())), ..Layer::default() });
    pipeline::schema(&options, &mut diagnostics).unwrap_or_else(|| panic!("{}: {diagnostics}", spec.display()))
}

fn round(host: &Host) {
    let (mut gone, mut done) = (Vec::new(), 0);
    for spec in specs() {
        let schema = schema(&spec);
        let Some(statements) = servers::statements(&schema, host.dialect) else { continue };
        let fresh = host.database(&statements);
        let (live, diagnostics) = fresh.schema();
        let (expected, found) = (described(&schema, host.dialect), described(&live, host.dialect));
        for (expected, found) in expected.iter().zip(&found) {
            let differences: Vec<String> = diff(expected, found);
            if !differences.is_empty() {
                gone.push(format!("{}\n{}\n{diagnostics}", spec.display(), differences.join("\n")));
            }
        }
        assert_eq!(expected.len(), found.len(), "{}", spec.display());
        done += 1;
    }
    assert!(done > 10, "{done} specs are possible on {:?}", host.dialect);
    assert!(gone.is_empty(), "{}", gone.join("\n\n"));
}

/// The lines that one of two texts has alone, below the first line.
fn diff(expected: &str, found: &str) -> Vec<String> {
    let head = expected.lines().next().unwrap_or_default();
    let only = |a: &str, b: &str, sign: &str| -> Vec<String> {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(|line| format!("{sign}{line}")).collect()
    };
    let mut lines = only(expected, found, "- ");
    lines.extend(only(found, expected, "+ "));
    if !lines.is_empty() {
        lines.insert(0, head.to_owned());
    }
    lines
}

#[test]
fn every_spec_comes_back_from_postgres() {
    servers::all().iter().filter(|host| host.dialect == DialectName::Postgres).for_each(round);
}

#[test]
fn every_spec_comes_back_from_mysql() {
    servers::all().iter().filter(|host| host.dialect == DialectName::Mysql).for_each(round);
}
