//! The page on the spec lists the keys that the format has, and no others.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pilaster_generator::source::yaml::KEYS;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("guide/models.md")).unwrap()
}

/// The keys in the first column of the table that stands behind a line, each a code span up to its colon.
fn table<'p>(page: &'p str, line: &str) -> BTreeSet<&'p str> {
    let (_, rest) = page.split_once(line).unwrap_or_else(|| panic!("there is no {line:?}"));
    let rows = rest.lines().skip_while(|row| !row.starts_with('|')).take_while(|row| row.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_start_matches('|').split('|').next());
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.map(|span| span.split(':').next().unwrap_or(span)).collect()
}

fn keys(what: &str) -> BTreeSet<&'static str> {
    let (_, keys) = KEYS.iter().find(|(name, _)| *name == what).unwrap();
    keys.iter().copied().collect()
}

#[test]
fn tables_of_keys_are_complete() {
    let page = page();
    let mut relation = table(&page, "A relation is declared on one side");
    relation.extend(table(&page, "For all but `many_to_many`:"));
    for one_of in ["belongs_to", "has_many", "has_one", "many_to_many", "unique"] {
        assert!(relation.remove(one_of), "{one_of}");
    }
    let mut many = table(&page, "For `many_to_many`:");
    many.insert("many_to_many");
    // What is said of the whole is said before the table.
    let model = table(&page, "## The rest of a model");
    let column = table(&page, "The long form is a mapping.");
    for (what, documented) in [("relation", relation), ("many_to_many", many), ("model", model), ("column", column)] {
        assert_eq!(documented, keys(what), "keys of a {what}: documented, and read");
    }
}

#[test]
fn every_key_is_mentioned_as_code() {
    let page = page();
    let code: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let is_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = code.iter().flat_map(|span| span.split(|c| !is_of_a_word(c))).collect();
    for (what, keys) in KEYS {
        let missing: Vec<&&str> = keys.iter().filter(|key| !words.contains(**key)).collect();
        assert!(missing.is_empty(), "keys of a {what} that docs/guide/models.md does not have: {missing:?}");
    }
}
