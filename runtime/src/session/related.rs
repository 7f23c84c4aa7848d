//! Relations between rows of a session: lazy loading for all rows of a load at once, links, and parents.

use super::arena::{Arena, Assigned, From, Linking, State};
use super::collect::same;
use super::edges::nullable;
use super::key::{Entity, Key};
use super::work::Core;
use crate::error::{Error, Result};
use crate::meta::RelationMeta;
use crate::query::{Keyed, Model, fetch_each};
use crate::relation::{Cardinality, LoadPlan, Loaded};
use crate::sql::{Select, Source};
use crate::value::Value;

impl Core {
    /// The rows that a relation leads to, loaded for every row that came with this one.
    pub(super) async fn related<C: Keyed, K: Cardinality>(
        &mut self,
        index: u32,
        meta: &'static RelationMeta,
    ) -> Result<K::Out<Key<C>>> {
        self.check_or_flush().await?;
        let row = self.stored_row(index)?;
        let known = |arena: &Arena, row| arena.related.contains_key(&(meta.parent.table, meta.name, row));
        if !known(&self.arena, row) {
            let mut rows = self.arena.company(row);
            rows.retain(|&row| !known(&self.arena, row));
            self.arena.look_up::<C>(&mut rows, meta)?;
            if !known(&self.arena, row) {
                self.begin().await?;
                self.fetch_related::<C>(&rows, meta).await?;
            }
        }
        let found = self.arena.related.get(&(meta.parent.table, meta.name, row));
        let live = |row: &&u32| self.arena.entry(**row).is_some_and(|entry| entry.state != State::Gone);
        let keys = found.into_iter().flatten().filter(live).map(|&row| Key::<C>::new(self.arena.session, row));
        let mut out = K::distribute(Loaded::of_one(keys.collect()), meta)?;
        out.pop().ok_or_else(|| Error::query("nothing was loaded"))
    }

    async fn check_or_flush(&mut self) -> Result<()> {
        match self.flushes {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    async fn fetch_related<C: Keyed>(&mut self, rows: &[u32], meta: &'static RelationMeta) -> Result<()> {
        let (arena, mut lease) = self.parts().await?;
        let mut select = Select::all(Source::new(), meta.child);
        select.order = crate::relation::key_order(&select);
        let mut plan = LoadPlan::new(meta, select, None);
        for &row in rows {
            if let Some((rows, slot)) = arena.row_shelf(row) {
                plan.parent(|column| rows.before(slot, column))?;
            }
        }
        let (mut found, mut groups): (Vec<C>, Vec<u32>) = (Vec::new(), Vec::new());
        for select in plan.statements() {
            let each = &mut |row: &crate::Row<'_>| {
                let child = C::decode(row, 0)?;
                if let Some(group) = plan.group(row, |column| child.value(column))? {
                    found.push(child);
                    groups.push(group);
                }
                Ok(())
            };
            fetch_each(&select, &mut lease, each).await?;
        }
        drop(lease);
        arena.batch += 1;
        let children = found.into_iter().map(|child| arena.absorb(child)).collect::<Result<_>>()?;
        let loaded = plan.loaded(groups, children);
        for (&row, children) in rows.iter().zip(loaded.per_parent()) {
            arena.related.insert((meta.parent.table, meta.name, row), children);
        }
        Ok(())
    }

    /// Links two rows at the next flush, or takes their link away.
    pub(super) fn link(&mut self, near: u32, relation: &'static RelationMeta, far: u32, add: bool) -> Result<()> {
        if relation.through.is_none() {
            return self.own(near, relation, far, add);
        }
        let arena = &mut self.arena;
        let same = |link: &Linking| {
            link.near == near
                && link.far == far
                && link.relation.name == relation.name
                && link.relation.parent.same_table(relation.parent)
        };
        // The last word counts.
        arena.linking.retain(|link| !same(link));
        if !add && (arena.stored(near).is_none() || arena.stored(far).is_none()) {
            return Ok(());
        }
        arena.linking.push(Linking { relation, near, far, add });
        Ok(())
    }

    /// The same over the foreign key of the other side: the row comes to belong to this one, or does so no more.
    fn own(&mut self, parent: u32, relation: &'static RelationMeta, child: u32, add: bool) -> Result<()> {
        let columns: Vec<usize> = relation.on.iter().map(|&(_, there)| there).collect();
        let keys = relation.child.foreign_keys;
        if !keys.iter().any(|key| key.columns == columns && relation.parent.is_target_of(key)) {
            let message = format!("the foreign key of \"{}\" is on this side: assign it", relation.name);
            return Err(Error::query(message));
        }
        if add {
            self.check_parent(parent)?;
            let from = |&(here, there): &(usize, usize)| (there, From::Row { row: parent, column: here });
            return self.fill(child, relation.on.iter().map(from).collect());
        }
        let child = self.arena.stored(child).unwrap_or(child);
        if !self.arena.belongs(child, relation, parent) {
            return Ok(());
        }
        let orphan = self.arena.shelf(child).is_some_and(|shelf| shelf.orphans().contains(&columns.as_slice()));
        let mut free = nullable(relation.child, &columns);
        if free.is_empty() && !orphan {
            let message = format!(
                "{} cannot be taken away from {}: its foreign key is not null. Delete it, or have the spec say `orphans: delete`",
                self.arena.label(child),
                self.arena.label(parent)
            );
            return Err(Error::query(message));
        }
        if free.is_empty() {
            free = columns;
        }
        self.fill(child, free.into_iter().map(|column| (column, From::Null)).collect())
    }

    /// Makes a row belong to another at the next flush.
    pub(super) fn assign(&mut self, child: u32, relation: &'static RelationMeta, parent: u32) -> Result<()> {
        let columns: Vec<usize> = relation.on.iter().map(|&(here, _)| here).collect();
        if relation.through.is_some() || !relation.parent.foreign_keys.iter().any(|key| key.columns == columns) {
            let message = format!("the foreign key of \"{}\" is on the other side: assign it there", relation.name);
            return Err(Error::query(message));
        }
        self.check_parent(parent)?;
        let from = |&(here, there): &(usize, usize)| (here, From::Row { row: parent, column: there });
        self.fill(child, relation.on.iter().map(from).collect())
    }

    /// Nothing can come to belong to a row that was deleted, or will be: another one may have its key by then.
    fn check_parent(&self, parent: u32) -> Result<()> {
        let arena = &self.arena;
        let parent = arena.stored(parent).unwrap_or(parent);
        match arena.entry(parent).map(|entry| entry.state) {
            Some(State::Gone | State::Doomed) => {
                let message = format!("{} was deleted, and no row can be linked to it", arena.label(parent));
                Err(Error::query(message))
            }
            _ => Ok(()),
        }
    }

    /// Has columns of a row filled in by the next flush.
    fn fill(&mut self, row: u32, columns: Vec<(usize, From)>) -> Result<()> {
        let arena = &mut self.arena;
        let row = arena.stored(row).unwrap_or(row);
        let Some(entry) = arena.entries.get_mut(row as usize) else { return Ok(()) };
        match entry.state {
            State::Fresh => {}
            State::Stored => {
                if !std::mem::replace(&mut entry.touched, true) {
                    arena.touched.push(row);
                    if let Some((rows, slot)) = arena.row_shelf_mut(row) {
                        rows.snapshot(slot);
                    }
                }
            }
            _ => return Err(Error::query(format!("{} is not a row that can be changed", arena.label(row)))),
        }
        let list = arena.assigned.entry(row).or_default();
        for (column, from) in columns {
            list.retain(|assigned| assigned.column != column);
            list.push(Assigned { column, from });
        }
        Ok(())
    }
}

impl Arena {
    /// Whether a row belongs to another over the foreign key of a relation, as things are in the session.
    fn belongs(&self, child: u32, relation: &RelationMeta, parent: u32) -> bool {
        let parent = self.stored(parent).unwrap_or(parent);
        let equal = |&(here, there): &(usize, usize)| match self.refers(child, there) {
            Some(row) => row == parent,
            None => match (self.value(parent, here), self.value(child, there)) {
                (Ok(Some(left)), Ok(Some(right))) => !left.is_null() && same(&left, &right),
                _ => false,
            },
        };
        relation.on.iter().all(equal)
    }

    /// The stored rows that came with a row, itself among them.
    fn company(&self, row: u32) -> Vec<u32> {
        let Some(of) = self.entry(row) else { return Vec::new() };
        let (shelf, batch) = (of.shelf, of.batch);
        let with = |entry: &super::arena::Entry| {
            entry.shelf == shelf && entry.batch == batch && matches!(entry.state, State::Stored | State::Doomed)
        };
        self.entries.iter().zip(0..).filter(|(entry, _)| with(entry)).map(|(_, row)| row).collect()
    }

    /// What a foreign key refers to may be here already.
    fn look_up<C: Keyed>(&mut self, rows: &mut Vec<u32>, meta: &'static RelationMeta) -> Result<()> {
        let key: Option<Vec<usize>> = C::META
            .key
            .iter()
            .map(|key| meta.on.iter().find(|(_, there)| there == key).map(|&(here, _)| here))
            .collect();
        let Some(key) = key.filter(|key| meta.through.is_none() && key.len() == meta.on.len()) else { return Ok(()) };
        let (mut found, mut left) = (Vec::new(), Vec::new());
        for &row in rows.iter() {
            let Some((shelf, slot)) = self.row_shelf(row) else { continue };
            let values = key.iter().map(|&at| shelf.value(slot, at).map(Value::into_owned));
            let values: Vec<Value<'static>> = values.collect::<Result<_>>()?;
            if values.iter().any(Value::is_null) {
                found.push((row, Vec::new()));
                continue;
            }
            let target = self.find::<C>(&values);
            match target.filter(|&target| self.entry(target).is_some_and(|entry| !entry.expired)) {
                Some(target) => found.push((row, vec![target])),
                None => left.push(row),
            }
        }
        *rows = left;
        for (row, targets) in found {
            self.related.insert((meta.parent.table, meta.name, row), targets);
        }
        Ok(())
    }
}

/// The relation of a handle that a closure picks.
pub(super) fn meta_of<P: Entity, R: crate::relation::Relation>(
    pick: impl FnOnce(<P::Model as Model>::Columns<crate::query::NotNull>) -> R,
) -> &'static RelationMeta {
    pick(P::Model::columns(Source::new())).parts().1
}
