//! Properties of random pairs, and the cases with an order or a name of their own.

use super::*;
use crate::migrate::change::invert;
use crate::migrate::random_tests::{Random, like, renamed, sorted, state};
use crate::migrate::replay::apply_all;
use crate::migrate::state::plain;

fn check_pair(seed: u64, from: &State, to: &State, renames: &Renames) {
    let found = diff(from, to, renames);
    let mut now = from.clone();
    if let Err((at, misfit)) = apply_all(&mut now, &found.changes) {
        panic!("seed {seed}, {}: {}", found.changes[at].describe(), misfit.message);
    }
    assert_eq!(sorted(&now), sorted(to), "seed {seed}: replay(A, diff(A, B)) = B");
    let again = diff(&now, to, &Renames::default());
    assert!(again.changes.is_empty(), "seed {seed}: a second diff finds {:?}", again.changes);
    let (back, _) = invert(&found.changes);
    if let Err((at, misfit)) = apply_all(&mut now, &back) {
        panic!("seed {seed}, down: {}: {}", back[at].describe(), misfit.message);
    }
    assert_eq!(sorted(&now), sorted(from), "seed {seed}: down leads back");
    assert_eq!(diff(from, to, renames), found, "seed {seed}: the same again");
}

#[test]
fn random_pairs_are_led_into_each_other_and_back() {
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let to = if random.chance(7) { like(&from, &mut random) } else { state(&mut random) };
        check_pair(seed, &from, &to, &Renames::default());
        check_pair(seed, &State::default(), &to, &Renames::default());
        check_pair(seed, &from, &State::default(), &Renames::default());
    }
}

#[test]
fn random_renames_are_renames_only() {
    for seed in 0..1000 {
        let mut random = Random::new(seed);
        let from = state(&mut random);
        let (to, renames) = renamed(&from, &mut random);
        check_pair(seed, &from, &to, &renames);
        let found = diff(&from, &to, &renames);
        let rename = |change: &Change| matches!(change, Change::RenameTable(_) | Change::RenameColumn { .. });
        assert!(found.changes.iter().all(rename), "seed {seed}: {:?}", found.changes);
    }
}

#[test]
#[allow(clippy::print_stdout)]
fn two_schemas_of_a_thousand_tables_are_compared() {
    let mut random = Random::new(1);
    let (mut from, mut to) = (State::default(), State::default());
    let mut seed = state(&mut random);
    while seed.tables.is_empty() {
        seed = state(&mut random);
    }
    from.enums.clone_from(&seed.enums);
    to.enums.clone_from(&seed.enums);
    let model = seed.tables.values().next().unwrap().clone();
    for at in 0..1000 {
        let mut table = Table { name: plain(&format!("t{at}")), ..model.clone() };
        table.foreign_keys.clear();
        table.indexes.iter_mut().for_each(|index| index.name = None);
        from.tables.insert(table.name.clone(), table.clone());
        if at % 10 == 0 {
            table.columns.push(crate::migrate::state::Column::new("more", table.columns[0].ty.clone()));
        }
        to.tables.insert(table.name.clone(), table);
    }
    // A measurement, not a test of time: `--nocapture` shows it.
    let took = (0..3).map(|_| {
        let start = std::time::Instant::now();
        assert_eq!(diff(&from, &to, &Renames::default()).changes.len(), 100);
        start.elapsed()
    });
    println!("diff of two schemas of 1,000 tables: {:?}", took.min());
}

#[test]
fn nothing_is_guessed_but_hinted() {
    let mut random = Random::new(7);
    let mut from = state(&mut random);
    while from.tables.is_empty() {
        from = state(&mut random);
    }
    let name = from.tables.keys().next().unwrap().clone();
    let mut to = from.clone();
    let change = Change::RenameTable(Both { from: name.clone(), to: plain("elsewhere") });
    replay::apply(&mut to, &change).unwrap();
    let found = diff(&from, &to, &Renames::default());
    assert!(found.changes.iter().any(|change| matches!(change, Change::DropTable(_))));
    let hint = Hint::Table(Both { from: name, to: plain("elsewhere") });
    assert_eq!(found.hints, std::slice::from_ref(&hint));
    let mut renames = Renames::default();
    renames.confirm(&hint);
    assert_eq!(diff(&from, &to, &renames).changes, [change]);
}

#[test]
fn another_case_is_another_name_of_the_same() {
    let mut random = Random::new(7);
    let from = state(&mut random);
    let mut to = from.clone();
    let name = from.tables.keys().next().unwrap().clone();
    let upper = plain(&name.name.to_uppercase());
    let changes = [
        Change::RenameTable(Both { from: name, to: upper.clone() }),
        Change::RenameColumn { table: upper, name: Both { from: "n".into(), to: "N".into() } },
    ];
    apply_all(&mut to, &changes).unwrap();
    assert_eq!(diff(&from, &to, &Renames::default()).changes, changes);
}

#[test]
fn tables_may_have_indexes_of_one_name() {
    use crate::migrate::state::{Index, IndexPart, IndexTarget};
    let mut random = Random::new(7);
    let mut from = state(&mut random);
    while from.tables.len() < 2 {
        from = state(&mut random);
    }
    for table in from.tables.values_mut() {
        let part = IndexPart { target: IndexTarget::Column("n".into()), desc: false };
        let name = Some("by_n".to_owned());
        table.indexes = vec![Index { name, parts: vec![part], unique: false, predicate: None, only: Vec::new() }];
    }
    assert_eq!(diff(&from, &from.clone(), &Renames::default()).changes, []);
}

#[test]
fn the_usual_name_of_an_index_is_no_name() {
    use crate::migrate::state::{Index, IndexPart, IndexTarget};
    let index = |name: Option<&str>, desc| {
        let part = IndexPart { target: IndexTarget::Column("n".into()), desc };
        Index { name: name.map(str::to_owned), parts: vec![part], unique: false, predicate: None, only: Vec::new() }
    };
    let with = |indexes: Vec<Index>| {
        let mut state = state(&mut Random::new(7));
        let (_, mut table) = state.tables.pop_first().unwrap();
        (table.name, table.indexes) = (plain("post"), indexes);
        table.foreign_keys.clear();
        state.tables.clear();
        state.tables.insert(table.name.clone(), table);
        state
    };
    let changes = |from: Vec<Index>, to: Vec<Index>| diff(&with(from), &with(to), &Renames::default()).changes;
    assert_eq!(changes(vec![index(Some("post_n_idx"), false)], vec![index(None, false)]), []);
    assert_eq!(changes(vec![index(None, false)], vec![index(Some("post_n_idx"), false)]), []);
    assert_eq!(changes(vec![index(Some("by_n"), false)], vec![index(None, false)]).len(), 2);
    assert_eq!(changes(vec![index(Some("post_n_idx"), true)], vec![index(None, false)]).len(), 2);
}

/// What holds values goes when what takes them is there, and nothing is in the way of a name.
#[test]
fn what_goes_goes_last() {
    use crate::migrate::state::{Index, IndexPart, IndexTarget};
    let model = state(&mut Random::new(7)).tables.pop_first().unwrap().1;
    let named = |name: &str, column: &str| {
        let part = IndexPart { target: IndexTarget::Column("n".into()), desc: false };
        let by_n = Index { name: Some("by_n".into()), parts: vec![part], unique: true, predicate: None, only: vec![] };
        let mut table = Table { name: plain(name), indexes: vec![by_n], foreign_keys: vec![], ..model.clone() };
        let ty = table.columns[0].ty.clone();
        table.columns.push(crate::migrate::state::Column::new(column, ty));
        table
    };
    let with = |tables: Vec<Table>| {
        let mut state = state(&mut Random::new(7));
        state.tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        state
    };
    let stays = |column: &str| Table { indexes: vec![], ..named("stays", column) };
    let from = with(vec![named("goes", "x"), stays("before")]);
    let to = with(vec![named("comes", "y"), stays("now")]);
    let found = diff(&from, &to, &Renames::default());
    let words: Vec<_> = found.changes.iter().map(Change::describe).collect();
    let wanted = [
        "drop index by_n of goes",
        "add column stays.now",
        "create table comes",
        "drop column stays.before",
        "drop table goes",
    ];
    assert_eq!(words, wanted);
    check_pair(7, &from, &to, &Renames::default());
}
