//! Round trips, and what mistakes are told.

use super::*;
use crate::ir::Expr;
use crate::migrate::change::{Backfill, Both, Sql, invert};
use crate::migrate::diff::{Renames, diff};
use crate::migrate::random_tests::{Random, state};
use crate::migrate::state::plain;

fn source(text: &str) -> Arc<SourceText> {
    Arc::new(SourceText { name: "migrations/a.yaml".into(), text: text.into() })
}

fn unplaced(mut revision: Revision) -> Revision {
    let all = revision.up.iter_mut().chain(revision.down.iter_mut().flatten());
    all.for_each(|entry| entry.place = Place::None);
    revision
}

#[track_caller]
fn round(revision: &Revision) -> String {
    let text = revision.text(&["it's lost\nfor ever".to_owned()]);
    let mut diagnostics = Diagnostics::default();
    let again = read(&source(&text), &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics}\n{text}"));
    assert_eq!(unplaced(again), *revision, "{text}");
    text
}

fn revision(changes: Vec<Change>) -> Revision {
    let (back, _) = invert(&changes);
    Revision {
        id: "2_b".into(),
        parents: vec!["1_a".into()],
        message: "no: it's \"b\"".into(),
        up: changes.into_iter().map(Entry::new).collect(),
        down: Some(back.into_iter().map(Entry::new).collect()),
    }
}

#[test]
fn random_changes_are_read_as_they_were_written() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let (from, to) = (state(&mut random), state(&mut random));
        round(&revision(diff(&from, &to, &Renames::default()).changes));
    }
}

#[test]
fn all_kinds_are_read_as_they_were_written() {
    let both = |from: &str, to: &str| Both { from: from.to_owned(), to: to.to_owned() };
    let expr = |text| Expr::parse_neutral(text).unwrap();
    let mut it = revision(vec![
        Change::RenameTable(Both {
            from: plain("a.b"),
            to: crate::ir::TableName { schema: Some("s".into()), name: "no".into() },
        }),
        Change::RenameColumn { table: plain("a"), name: both("", "null") },
        Change::RenameIndex { table: plain("a"), name: both("x", "y") },
        Change::AddCheck {
            table: plain("a"),
            check: crate::ir::Check { name: None, expr: expr("n > 1") },
            at_once: true,
        },
        Change::RenameEnum(Both {
            from: crate::ir::TableName { schema: Some("s.t".into()), name: "x".into() },
            to: plain("x.y"),
        }),
        Change::RenameEnumLabel { name: plain("x"), label: both("", "#b") },
        Change::RemoveEnumLabel { name: plain("x"), label: "a".into(), before: None, replacement: Some("b".into()) },
        Change::Execute {
            sql: Sql::all(vec!["SELECT 1;\nSELECT 2".into(), "x".into()]),
            effect: vec![Change::RenameEnum(Both { from: plain("a"), to: plain("b") })],
        },
        Change::Execute { sql: Sql { postgres: vec!["VACUUM".into()], ..Sql::default() }, effect: Vec::new() },
        Change::Backfill(Box::new(Backfill {
            table: plain("a"),
            set: vec![("n".into(), expr("1"))],
            filter: expr("n IS NULL"),
            batch: 5,
        })),
    ]);
    it.up[0].allow = vec![("P0901".into(), "we know".into())];
    let text = round(&it);
    assert!(text.contains("- backfill: { table: a, set: { \"n\": \"1\" }, where: n IS NULL, batch: 5 }"), "{text}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "pilaster_migration: 1
revision: b
up:
  - add_colum: { table: post }
  - add_column: { table: post, column: { name: x, type: strin(3) } }
  - drop_column: { table: post, column: title }
  - add_check: { table: post, expr: \"a >\" }
  - alter_column: { table: post, column: a }
  - add_index: { table: post, columns: [a], only: [oracle] }
";
    let mut diagnostics = Diagnostics::default();
    assert_eq!(read(&source(text), &mut diagnostics), None);
    let messages: Vec<&str> = diagnostics.iter().map(|item| item.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "there is no change `add_colum`",
            "unknown type `strin(3)`",
            "a column is a mapping here",
            "`expr` cannot be read: expected an expression, found the end",
            "`alter_column` changes nothing",
            "there is no dialect `oracle`",
        ]
    );
    assert!(diagnostics.iter().all(|item| matches!(item.place, Place::Text { .. }) && item.help.is_some()));
}

#[test]
fn ends_of_lines_do_not_count() {
    assert_eq!(checksum("a\r\nb\r\n"), checksum("a\nb"));
    assert_ne!(checksum("a\nb"), checksum("a b"));
}

#[test]
fn slugs_are_file_names() {
    assert_eq!(slug("Add posts, and: more!"), "add_posts_and_more");
    assert_eq!(slug("../../é"), "");
}

#[test]
fn a_text_that_is_cut_off_anywhere_is_no_panic() {
    let mut random = Random::new(5);
    let (from, to) = (state(&mut random), state(&mut random));
    let text = revision(diff(&from, &to, &Renames::default()).changes).text(&[]);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(53) {
        let mut diagnostics = Diagnostics::default();
        let read = read(&source(&text[..end]), &mut diagnostics);
        assert!(read.is_some() || diagnostics.has_errors());
    }
}
