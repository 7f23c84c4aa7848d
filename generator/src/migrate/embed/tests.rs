//! What is written of a history, and what is told of it.

use std::sync::Arc;

use super::*;
use crate::config::DIALECTS;
use crate::diag::SourceText;
use crate::ir::build;
use crate::source::yaml;

const NOTES: &str = "create_table: { table: note, columns: [{ name: id, type: bigint, default: auto }, { name: text, type: text }], primary_key: [id] }";

fn source(name: &str, text: String) -> Arc<SourceText> {
    Arc::new(SourceText { name: name.into(), text })
}

/// A file of a revision, with one change each way.
fn file(id: &str, parents: &str, up: &str, down: &str) -> Arc<SourceText> {
    let list = |change: &str| if change.is_empty() { String::new() } else { format!("  - {change}\n") };
    let (up, down) = (list(up), list(down));
    let head = format!("pilaster_migration: 1\nrevision: {id}\nparents: [{parents}]\nmessage: about {id}\n");
    source(&format!("migrations/{id}.yaml"), format!("{head}up:\n{up}down:\n{down}"))
}

/// The history of files, embedded for a spec, and what was said.
fn embedded(files: &[Arc<SourceText>], models: &str, required: bool) -> (Option<Embedded>, String) {
    let mut diagnostics = Diagnostics::default();
    let draft = yaml::load(&source("models.yaml", format!("pilaster: 1\nmodels:\n{models}")), &mut diagnostics);
    let schema = build::build(draft, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
    let history = History::read(files, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}"));
    let embedded = embed(&history, &schema, &DIALECTS, required, &mut diagnostics);
    (embedded, diagnostics.to_string())
}

const SPEC: &str = "  Note:\n    columns: { id: bigint primary, text: text }\n";

#[test]
fn revisions_are_texts() {
    let files = [
        file(
            "a",
            "",
            NOTES,
            "drop_table: { table: note, columns: [{ name: id, type: bigint, default: auto }, { name: text, type: text }], primary_key: [id] }",
        ),
        file(
            "b",
            "a",
            "alter_column: { table: note, column: text, null: { from: false, to: true } }",
            "alter_column: { table: note, column: text, null: { from: true, to: false } }",
        ),
    ];
    let (embedded, said) = embedded(&files, &SPEC.replace("text: text", "text: text null"), true);
    assert_eq!(said, "");
    let embedded = embedded.unwrap();
    let texts: Vec<&str> = embedded
        .databases
        .iter()
        .filter(|(dialect, _)| *dialect != DialectName::Mysql)
        .flat_map(|(_, texts)| texts.as_ref().unwrap())
        .map(String::as_str)
        .collect();
    insta::assert_snapshot!(texts.concat());
}

#[test]
fn what_differs_from_the_spec_is_one_warning() {
    let models = "  Note:\n    columns: { id: bigint primary, text: text, a: text, b: text, c: text, d: text, e: text }\n  Tag:\n    columns: { id: bigint primary }\n";
    let (embedded, said) = embedded(&[file("a", "", NOTES, "")], models, false);
    assert!(embedded.is_some());
    assert_eq!(
        said,
        "warning[P0811]: the migrations do not lead to the spec, which has changed since: add column note.a; add \
         column note.b; add column note.c; add column note.d; add column note.e; and 1 more\n \
         = help: write a revision with `pilaster db migrate -m MESSAGE`\n"
    );
}

/// Whoever has applied a revision cannot change its file, so a wrong way back must not end every build from then on.
#[test]
fn a_way_back_that_does_not_fit_is_left_out() {
    let wrong = "drop_table: { table: other, columns: [{ name: id, type: bigint }] }";
    let files = [file("a", "", NOTES, wrong), file("b", "a", "execute: { sql: SELECT 1 }", wrong)];
    let (embedded, said) = embedded(&files, SPEC, true);
    for part in [
        "warning[P0801]: the way back of `a` does not fit",
        "migrations/a.yaml:8:5",
        "warning[P0801]: the way back of `b` does not fit",
        "migrations/b.yaml:8:5",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    let texts = embedded.unwrap().databases.remove(0).1.unwrap();
    assert!(texts.len() == 2 && texts.iter().all(|text| !text.contains("\ndown")), "{texts:?}");
}

#[test]
fn a_way_back_that_a_database_cannot_go_is_left_out_there() {
    let tags = "{ table: note, column: { name: tags, type: \"text[]\", null: true } }";
    let back = format!("add_column: {tags}");
    let files = [file("a", "", NOTES, ""), file("b", "a", "execute: { sql: SELECT 1 }", &back)];
    for required in [false, true] {
        let (embedded, said) = embedded(&files, SPEC, required);
        let ways: Vec<bool> = embedded
            .unwrap()
            .databases
            .iter()
            .map(|(_, texts)| texts.as_ref().unwrap()[1].contains("\ndown\nstep add column"))
            .collect();
        assert_eq!(ways, [false, true, false], "{said}");
        assert_eq!(said.matches("warning[P0501]").count(), 2, "{said}");
        assert_eq!(said.contains("not all migrations can be taken back on SQLite"), !required, "{said}");
    }
}

#[test]
fn several_heads_are_an_error() {
    let change = "execute: { sql: SELECT 1 }";
    let (embedded, said) =
        embedded(&[file("a", "", NOTES, ""), file("b", "a", change, ""), file("c", "a", change, "")], SPEC, true);
    assert_eq!(embedded, None);
    assert!(said.contains("error[P0806]: there are 2 heads: b, c"), "{said}");
}

#[test]
fn a_database_that_cannot_do_it_is_a_warning_unless_it_is_required() {
    let files = [
        file("a", "", NOTES, ""),
        file("b", "a", "add_column: { table: note, column: { name: tags, type: \"text[]\", null: true } }", ""),
    ];
    let models = SPEC.replace("text: text", "text: text, tags: \"text[] null\"");
    let (optional, said) = embedded(&files, &models, false);
    let refused: Vec<_> =
        optional.as_ref().unwrap().databases.iter().map(|(dialect, texts)| (*dialect, texts.is_err())).collect();
    use DialectName::{Mysql, Postgres, Sqlite};
    assert_eq!(refused, [(Sqlite, true), (Postgres, false), (Mysql, true)]);
    assert_eq!(said.matches("warning[").count(), 2, "{said}");
    assert!(said.contains("the migrations cannot run on SQLite: ") && said.contains("migrations/b.yaml"), "{said}");
    let (required, said) = embedded(&files, &models, true);
    assert_eq!(required, None);
    assert!(said.contains("error[") && said.contains("migrations/b.yaml:6:5"), "{said}");
}

#[test]
fn what_is_lost_stands_in_the_text_unless_it_is_accepted() {
    let drop = "drop_column: { table: note, column: { name: text, type: text } }";
    let lost = |allow: &str| {
        let files = [file("a", "", NOTES, ""), file("b", "a", &format!("{drop}{allow}"), "")];
        let (embedded, _) = embedded(&files, "  Note:\n    columns: { id: bigint primary }\n", false);
        embedded.unwrap().databases[1].1.clone().unwrap()[1].clone()
    };
    assert!(lost("").contains("\nup\nloses `note.text` is dropped with its values (P0902)\nstep "), "{}", lost(""));
    assert!(!lost("\n    allow: { P0902: nobody reads it }").contains("loses"));
}
