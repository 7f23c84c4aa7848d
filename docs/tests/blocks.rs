//! Checks what pages hold beside Rust: specs, settings, commands and links.
#![allow(clippy::unwrap_used, clippy::panic)]

mod pages;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pilaster_generator::Generator;
use pilaster_generator::diag::{Diagnostics, SourceText};
use pilaster_generator::ir::DialectName;
use pilaster_generator::migrate::state::State;
use pilaster_generator::migrate::{ddl, revision};
use pilaster_generator::render::Layout;

use pages::{blocks, pages, words};

#[test]
fn specs_generate_code() {
    let folder = tempfile::tempdir().unwrap();
    let specs = blocks("yaml").into_iter().filter(|(_, block)| !block.starts_with("pilaster_migration:"));
    for (at, (place, block)) in specs.enumerate() {
        let spec = folder.path().join(format!("{at}.yaml"));
        let head = if block.contains("pilaster: 1") { "" } else { "pilaster: 1\n" };
        fs::write(&spec, format!("{head}{block}")).unwrap();
        match Generator::new().spec(&spec).embed_migrations(false).generate(Layout::Folder) {
            Ok((files, _)) => assert!(!files.files.is_empty(), "{place}"),
            Err(found) => panic!("{place}:\n{}", found.render(false)),
        }
    }
}

#[test]
fn revisions_are_read_and_fit() {
    let revisions = blocks("yaml").into_iter().filter(|(_, block)| block.starts_with("pilaster_migration:"));
    let mut read = 0;
    for (place, text) in revisions {
        let source = Arc::new(SourceText { name: place.clone(), text });
        let mut diagnostics = Diagnostics::default();
        let revision = revision::read(&source, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{place}:\n{}", diagnostics.render(false));
        let revision = revision.unwrap();
        if revision.parents.is_empty() {
            for dialect in [DialectName::Sqlite, DialectName::Postgres, DialectName::Mysql] {
                let script = ddl::script(&State::default(), &revision.up_changes(), dialect, &mut diagnostics);
                assert!(script.is_some() && diagnostics.is_empty(), "{place}:\n{}", diagnostics.render(false));
            }
        }
        read += 1;
    }
    assert!(read > 2);
}

#[test]
fn settings_are_known() {
    let mut read = 0;
    for (place, block) in blocks("toml").into_iter().filter(|(_, block)| block.starts_with("# pilaster.toml")) {
        let source = Arc::new(SourceText { name: place.clone(), text: block });
        let mut diagnostics = Diagnostics::default();
        pilaster_generator::config::read(&source, Path::new(""), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{place}:\n{}", diagnostics.render(false));
        read += 1;
    }
    assert!(read > 0);
}

#[test]
fn commands_are_known() {
    let mut ran = 0;
    for (place, block) in blocks("sh") {
        for line in block.lines().filter(|line| line.starts_with("pilaster ")) {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            // Flags are looked at up to `--help`, which runs nothing.
            let words = words(line).into_iter().chain(["--help".to_owned()]);
            let code = pilaster_generator::cli::run(words, &mut out, &mut err);
            assert_eq!(code, 0, "{place}: {line}\n{}", String::from_utf8_lossy(&err));
            ran += 1;
        }
    }
    assert!(ran > 0);
}

#[test]
fn links_lead_somewhere() {
    for (page, text) in pages() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || (path.is_empty() && anchor.is_empty()) {
                continue;
            }
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let slug = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                let text = fs::read_to_string(&target).unwrap();
                let known = text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
                assert!(known, "{}: {link} has no such heading", page.display());
            }
        }
    }
}
