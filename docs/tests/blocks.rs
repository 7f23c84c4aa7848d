//! Checks what pages hold beside Rust: specs, settings, commands and links.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pilaster_generator::Generator;
use pilaster_generator::diag::{Diagnostics, SourceText};
use pilaster_generator::ir::DialectName;
use pilaster_generator::migrate::state::State;
use pilaster_generator::migrate::{ddl, revision};
use pilaster_generator::render::Layout;

/// Every page of the project, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name)).into();
    for folder in ["docs", "docs/guide", "generator", "runtime", "templates", "build-example"] {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    pages.sort();
    pages.into_iter().map(|page| (page.clone(), fs::read_to_string(page).unwrap())).collect()
}

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (page, text) in pages() {
        let mut open: Option<(bool, usize, String)> = None;
        for (at, line) in text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(word)) => open = Some((word == language, at + 1, String::new())),
                (Some((wanted, line, block)), Some(_)) => {
                    if *wanted {
                        found.push((format!("{}:{line}", page.display()), std::mem::take(block)));
                    }
                    open = None;
                }
                (Some((_, _, block)), None) => {
                    block.push_str(line);
                    block.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block does not end", page.display());
    }
    assert!(!found.is_empty(), "no blocks of {language}");
    found
}

#[test]
fn specs_generate_code() {
    let folder = tempfile::tempdir().unwrap();
    let specs = blocks("yaml").into_iter().filter(|(_, block)| !block.starts_with("pilaster_migration:"));
    for (at, (place, block)) in specs.enumerate() {
        let spec = folder.path().join(format!("{at}.yaml"));
        let head = if block.contains("pilaster: 1") { "" } else { "pilaster: 1\n" };
        fs::write(&spec, format!("{head}{block}")).unwrap();
        match Generator::new().spec(&spec).generate(Layout::Folder) {
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
            let words = line.split_whitespace().take_while(|word| *word != "#").chain(["--help"]);
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
