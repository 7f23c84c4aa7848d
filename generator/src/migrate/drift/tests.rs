//! Differences in words.

use super::*;
use crate::migrate::random_tests::{Random, like, state};
use crate::migrate::state::plain;

#[test]
fn equal_states_have_no_differences_and_others_have() {
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        assert_eq!(drift(&from, &from.clone()), Drift::default(), "seed {seed}");
        let to = like(&from, &mut random);
        let changes = diff(&from, &to, &Renames::default()).changes;
        let found = drift(&from, &to);
        assert_eq!(changes.is_empty(), found == Drift::default(), "seed {seed}: {changes:?}");
        for item in &found.findings {
            assert!(!item.place.is_empty() && item.database != item.schema, "seed {seed}: {item:?}");
        }
    }
}

#[test]
fn a_table_that_one_side_lacks_is_told_as_a_whole() {
    let mut random = Random::new(3);
    let mut from = state(&mut random);
    while from.tables.values().all(|table| table.foreign_keys.is_empty()) {
        from = state(&mut random);
    }
    let missing = drift(&State::default(), &from);
    let tables = missing.findings.iter().filter(|item| item.what == "table").count();
    assert_eq!(tables, from.tables.len());
    assert!(missing.findings.iter().all(|item| item.what == "table" || item.what == "enum"), "{missing:?}");
    let extra = drift(&from, &State::default());
    assert_eq!(extra.findings, [], "what the schema does not speak of is no finding");
    assert_eq!(extra.others.len(), from.tables.len() + from.enums.len());
    // A key from a table of the schema to one that is none of it.
    let (owner, target) = from
        .tables
        .values()
        .flat_map(|table| table.foreign_keys.iter().map(move |key| (&table.name, &key.table)))
        .find(|(owner, target)| owner != target)
        .map_or((plain("x"), plain("y")), |(owner, target)| (owner.clone(), target.clone()));
    let mut less = from.clone();
    less.tables.remove(&target);
    less.tables.values_mut().for_each(|table| table.foreign_keys.retain(|key| key.table != target));
    if less.tables.contains_key(&owner) {
        let found = drift(&from, &less);
        assert!(found.findings.is_empty(), "{found:?}");
        let key = format!("foreign key of `{}` to `{}`", shown(&owner), shown(&target));
        assert!(found.others.contains(&key), "{found:?}");
    }
}
