//! The order in which tables are made: targets of foreign keys first.

use std::collections::BTreeSet;

use crate::ir::{Schema, TableId, TableKind};

/// The base tables, each after those its foreign keys point to as far as cycles allow; otherwise in the schema's
/// order, so that the same schema gives the same statements.
pub(super) fn tables(schema: &Schema) -> Vec<TableId> {
    let count = schema.tables.len();
    let mut dependants: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
    let mut missing = vec![0_usize; count];
    for (child, table) in schema.tables.iter().enumerate() {
        let targets: BTreeSet<usize> = table.foreign_keys.iter().map(|key| key.table.index()).collect();
        for target in targets.into_iter().filter(|target| *target != child) {
            dependants[target].insert(child);
            missing[child] += 1;
        }
    }
    let mut left: BTreeSet<usize> = (0..count).collect();
    let mut ready: BTreeSet<usize> = left.iter().copied().filter(|table| missing[*table] == 0).collect();
    let mut order = Vec::with_capacity(count);
    // With nothing ready, what is left has a cycle: its first table goes first.
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        order.push(TableId::from(next));
        for child in &dependants[next] {
            missing[*child] = missing[*child].saturating_sub(1);
            if missing[*child] == 0 && left.contains(child) {
                ready.insert(*child);
            }
        }
    }
    order.retain(|id| schema.table(*id).kind == TableKind::Table);
    order
}
