//! The order in which tables can be made: targets of foreign keys first.

use std::collections::{BTreeMap, BTreeSet};

use crate::migrate::state::Table;

/// Tables, each after those its foreign keys point to as far as cycles allow; otherwise as they come.
pub(super) fn tables<'t>(tables: &[&'t Table]) -> Vec<&'t Table> {
    let place: BTreeMap<_, _> = tables.iter().enumerate().map(|(at, table)| (&table.name, at)).collect();
    let mut children: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); tables.len()];
    let mut missing = vec![0_usize; tables.len()];
    for (child, table) in tables.iter().enumerate() {
        let targets: BTreeSet<usize> =
            table.foreign_keys.iter().filter_map(|key| place.get(&key.table)).copied().collect();
        for target in targets.into_iter().filter(|target| *target != child) {
            children[target].insert(child);
            missing[child] += 1;
        }
    }
    let mut left: BTreeSet<usize> = (0..tables.len()).collect();
    let mut ready: BTreeSet<usize> = left.iter().copied().filter(|at| missing[*at] == 0).collect();
    let mut order = Vec::with_capacity(tables.len());
    // With nothing ready, what is left has a cycle: its first table goes first.
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        order.push(tables[next]);
        for child in &children[next] {
            missing[*child] = missing[*child].saturating_sub(1);
            if missing[*child] == 0 && left.contains(child) {
                ready.insert(*child);
            }
        }
    }
    order
}
