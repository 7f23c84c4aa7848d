//! INSERT of rows that may be there already.

use std::marker::PhantomData;

use super::column::Column;
use super::insert::{Batch, Insertable, Want, call_hooks, insert_runs};
use super::model::{Keyed, Model};
use super::record::find_by;
use super::scope::NotNull;
use super::update::{Assignment, assign};
use crate::convert::{ColumnType, KeyColumns, Operand};
use crate::driver::is_several;
use crate::error::{Error, ErrorKind, Result, Violation};
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::mode::Mode;
use crate::sql::{BinaryOp, Conflict, Dialect, Node, Source};
use crate::value::Value;

/// A unique key of a model, by which a row that is there already is found: `User::BY_USERNAME`, `User::PRIMARY_KEY`.
pub struct Unique<M> {
    columns: &'static [usize],
    ty: PhantomData<fn() -> M>,
}

impl<M> Unique<M> {
    /// The key of some columns, by position; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(columns: &'static [usize]) -> Self {
        Self { columns, ty: PhantomData }
    }

    /// The positions of its columns.
    pub(super) fn columns(self) -> &'static [usize] {
        self.columns
    }
}

impl<M> Clone for Unique<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Unique<M> {}

impl<M: Model> std::fmt::Debug for Unique<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.columns.iter().filter_map(|&at| M::meta().columns.get(at)).map(|column| column.name);
        f.debug_tuple("Unique").field(&M::meta().table).field(&names.collect::<Vec<_>>()).finish()
    }
}

/// One row.
#[derive(Debug)]
pub enum Single {}
/// Any number of rows.
#[derive(Debug)]
pub enum Several {}

/// It is not said yet what becomes of a row that is there already: cannot be run.
#[derive(Debug)]
pub enum Undecided {}
/// A row that is there already stays as it is.
#[derive(Debug)]
pub enum Ignoring {}
/// A row that is there already is updated.
#[derive(Debug)]
pub enum Updating {}

/// Columns of a row that is there already can still be set.
pub trait Settable {}
impl Settable for Undecided {}
impl Settable for Updating {}

/// What becomes of a row that is there already, as far as it is said.
pub trait Decision: Send + Sync + 'static {
    /// What inserting one row gives.
    type Stored<M: Send + 'static>: Send + 'static;
}

impl Decision for Undecided {
    type Stored<M: Send + 'static> = M;
}

impl Decision for Ignoring {
    type Stored<M: Send + 'static> = Option<M>;
}

impl Decision for Updating {
    type Stored<M: Send + 'static> = M;
}

/// It is said what becomes of a row that is there already.
#[diagnostic::on_unimplemented(
    message = "it is not said what becomes of a row that is there already",
    label = "`ignore`, `update`, `update_all`, `set`, `set_null` or `set_to` comes before"
)]
pub trait Decided: Decision {
    #[doc(hidden)]
    const UPDATES: bool;
    /// Out of the row that came back, if one did.
    #[doc(hidden)]
    fn stored<M: Model>(row: Option<M>) -> Result<Self::Stored<M>>;
}

impl Decided for Ignoring {
    const UPDATES: bool = false;

    fn stored<M: Model>(row: Option<M>) -> Result<Option<M>> {
        Ok(row)
    }
}

impl Decided for Updating {
    const UPDATES: bool = true;

    fn stored<M: Model>(row: Option<M>) -> Result<M> {
        row.ok_or_else(|| Error::query(format!("the database did not give back the {} it stored", M::meta().model)))
    }
}

/// An INSERT of rows that may be there already, found by one unique key; a row that is in the way by another key is a
/// `UniqueViolation`. Made by `on_conflict`.
#[must_use = "nothing is inserted before it is run, for instance with `insert`"]
pub struct Upsert<N: Insertable, C, W = Undecided> {
    rows: Vec<N>,
    key: Unique<N::Model>,
    old: Source,
    new: Source,
    set: Vec<Assignment>,
    /// Every column that the new row gives is set.
    all: bool,
    ty: PhantomData<fn() -> (C, W)>,
}

impl<N: Insertable, C, W> std::fmt::Debug for Upsert<N, C, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upsert").field("rows", &self.rows.len()).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<N: Insertable> Upsert<N, Single> {
    /// One row; for generated code.
    #[doc(hidden)]
    pub fn one(row: N, key: Unique<N::Model>) -> Self {
        Self::new(vec![row], key)
    }
}

impl<N: Insertable, C> Upsert<N, C> {
    pub(super) fn new(rows: Vec<N>, key: Unique<N::Model>) -> Self {
        Self { rows, key, old: Source::new(), new: Source::new(), set: Vec::new(), all: false, ty: PhantomData }
    }

    /// Leaves rows that are there already as they are.
    pub fn ignore(self) -> Upsert<N, C, Ignoring> {
        self.decided()
    }
}

impl<N: Insertable, C, W> Upsert<N, C, W> {
    fn decided<D>(self) -> Upsert<N, C, D> {
        let Self { rows, key, old, new, set, all, .. } = self;
        Upsert { rows, key, old, new, set, all, ty: PhantomData }
    }
}

impl<N: Insertable, C, W: Settable> Upsert<N, C, W> {
    /// Sets columns to what the new row gives: `update(|u| u.email)`, `update(|u| (u.email, u.name))`. Where it gives
    /// nothing, to what would have been inserted: the default.
    pub fn update<L: ColumnList>(
        self,
        columns: impl FnOnce(<N::Model as Model>::Columns<NotNull>) -> L,
    ) -> Upsert<N, C, Updating> {
        let mut upsert = self.decided();
        let mut metas = Vec::new();
        columns(N::Model::columns(upsert.new)).list(&mut metas);
        for meta in metas {
            upsert.assign(meta, Node::Column(upsert.new, meta));
        }
        upsert
    }

    /// Sets every column that the new row writes: NULL where it gives none, but nothing where the database has a default.
    /// The columns of the key and of the primary key stay.
    pub fn update_all(self) -> Upsert<N, C, Updating> {
        let mut upsert = self.decided();
        upsert.all = true;
        upsert
    }

    /// Sets a column to a value.
    pub fn set<T: ColumnType>(
        self,
        column: impl FnOnce(<N::Model as Model>::Columns<NotNull>) -> Column<T>,
        value: impl Operand<T::Class>,
    ) -> Upsert<N, C, Updating> {
        let mut upsert = self.decided();
        let column = column(N::Model::columns(upsert.old)).meta();
        upsert.assign(column, value.into_node());
        upsert
    }

    /// Sets a column that may be NULL to NULL.
    pub fn set_null<T>(
        self,
        column: impl FnOnce(<N::Model as Model>::Columns<NotNull>) -> Column<Option<T>>,
    ) -> Upsert<N, C, Updating> {
        let mut upsert = self.decided();
        let column = column(N::Model::columns(upsert.old)).meta();
        upsert.assign(column, Node::Bind(Value::Null));
        upsert
    }

    /// Sets a column to an expression of the row that is there and the new one:
    /// `set_to(|old, new| (old.count, old.count + new.count))`.
    pub fn set_to<T: ColumnType, O: Operand<T::Class>>(
        self,
        assignment: impl FnOnce(
            <N::Model as Model>::Columns<NotNull>,
            <N::Model as Model>::Columns<NotNull>,
        ) -> (Column<T>, O),
    ) -> Upsert<N, C, Updating> {
        let mut upsert = self.decided();
        let (column, value) = assignment(N::Model::columns(upsert.old), N::Model::columns(upsert.new));
        upsert.assign(column.meta(), value.into_node());
        upsert
    }
}

impl<N: Insertable, C> Upsert<N, C, Updating> {
    fn assign(&mut self, column: &'static ColumnMeta, value: Node) {
        assign(N::Model::meta(), &mut self.set, column, value);
    }
}

impl<N: Insertable> Upsert<N, Single> {
    /// The row that is there already, as it is, or else the new one, inserted.
    ///
    /// # Errors
    /// `Serialization` when another transaction inserted the row where this one cannot see it (run it again), and those of
    /// [`Upsert::run`].
    pub fn get_or_insert<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, N::Model> {
        let mut target = on.target();
        E::Mode::run(async move {
            let mut upsert: Upsert<N, Single, Ignoring> = self.decided();
            upsert.call_hooks()?;
            let Some(row) = upsert.rows.first() else { return Err(Error::query("a row is to be inserted")) };
            let values = key_values(row, upsert.key)?;
            let known = find_by(&mut target.reborrow().lease_shared(Access::Read).await?, upsert.key, &values).await?;
            if let Some(row) = known {
                return Ok(row);
            }
            let mut lease = target.lease(Access::Write).await?;
            for _ in 0..2 {
                if let Some(row) = upsert.insert_first(&mut lease).await? {
                    return Ok(row);
                }
                if let Some(row) = find_by(&mut lease, upsert.key, &values).await? {
                    return Ok(row);
                }
            }
            let why = "was inserted by a transaction that this one cannot see (run this one again)";
            Err(Error::new(ErrorKind::Serialization, format!("the {} {why}", N::Model::meta().model)))
        })
    }
}

impl<N: Insertable, W: Decision> Upsert<N, Single, W> {
    /// Inserts the row, or updates the one that is there, and gives it back as stored; after `ignore`, `None` where one is
    /// there.
    ///
    /// # Errors
    /// Those of [`Upsert::run`].
    pub fn insert<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, W::Stored<N::Model>>
    where
        W: Decided,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut upsert = self;
            upsert.call_hooks()?;
            W::stored(upsert.insert_first(&mut target.lease(Access::Write).await?).await?)
        })
    }
}

impl<N: Insertable, W> Upsert<N, Several, W> {
    /// Inserts and updates rows in one transaction and gives them back as stored, in the order given. Rows that were left
    /// as they are do not come back.
    ///
    /// # Errors
    /// Those of [`Upsert::run`].
    pub fn all<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<N::Model>>
    where
        W: Decided,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut upsert = self;
            upsert.call_hooks()?;
            upsert.stored(&mut target.lease(Access::Write).await?).await
        })
    }

    /// The same, and gives back the primary keys.
    ///
    /// # Errors
    /// Those of [`Upsert::run`].
    pub fn keys<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<<N::Model as Keyed>::Key>>
    where
        N::Model: Keyed,
        W: Decided,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut upsert = self;
            upsert.call_hooks()?;
            let (meta, mut keys) = (N::Model::meta(), Vec::with_capacity(upsert.rows.len()));
            let each = &mut |row: &crate::Row<'_>| {
                let key = <N::Model as Keyed>::Columns::decode(row);
                keys.push(key.map_err(|error| meta.locate_in_key(error, row.position()))?);
                Ok(())
            };
            upsert.execute(&mut target.lease(Access::Write).await?, Want::Keys(each)).await?;
            Ok(keys)
        })
    }
}

impl<N: Insertable, C: 'static, W> Upsert<N, C, W> {
    /// Inserts and updates rows in one transaction and says how many. Rows that were left as they are do not count.
    ///
    /// # Errors
    /// `UniqueViolation` when a row is in the way by another key, `Query` when a new row gives no value for the key, and
    /// those of the database; nothing is stored then.
    pub fn run<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64>
    where
        W: Decided,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut upsert = self;
            upsert.call_hooks()?;
            upsert.execute(&mut target.lease(Access::Write).await?, Want::Nothing).await
        })
    }
}

impl<N: Insertable, C: 'static, W: Decided> Upsert<N, C, W> {
    fn call_hooks(&mut self) -> Result<()> {
        call_hooks(&mut self.rows)
    }

    async fn insert_first(&self, lease: &mut Lease<'_>) -> Result<Option<N::Model>> {
        Ok(self.stored(lease).await?.pop())
    }

    async fn stored(&self, lease: &mut Lease<'_>) -> Result<Vec<N::Model>> {
        let (mut out, meta) = (Vec::with_capacity(self.rows.len()), N::Model::meta());
        let each = &mut |row: &crate::Row<'_>| {
            out.push(N::Model::decode(row, 0).map_err(|error| meta.locate(error, row.position()))?);
            Ok(())
        };
        self.execute(lease, Want::Rows(each)).await?;
        Ok(out)
    }

    async fn execute(&self, lease: &mut Lease<'_>, mut want: Want<'_>) -> Result<u64> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        let conflict = |given: &[usize]| self.conflict(given).map(Some);
        let atomic = self.rows.len() > 1;
        if atomic {
            lease.begin_atomic().await?;
        }
        let result = insert_runs(lease, &self.rows, &conflict, &mut want).await;
        let stored = if atomic { lease.finish_atomic(result).await? } else { result? };
        if W::UPDATES {
            lease.written(N::Model::meta()).await?;
        }
        Ok(stored)
    }

    /// What becomes of a row that is there already, when the new one gives these columns.
    fn conflict(&self, given: &[usize]) -> Result<Conflict> {
        let meta = N::Model::meta();
        let columns = |positions: &[usize]| -> Vec<&'static ColumnMeta> {
            positions.iter().filter_map(|&at| meta.columns.get(at)).collect()
        };
        let key = columns(self.key.columns);
        if let Some(missing) = self.key.columns.iter().find(|at| !given.contains(at)) {
            return Err(no_key(meta, *missing));
        }
        let mut set = self.set.clone();
        let is_set = |set: &[Assignment], column: &ColumnMeta| set.iter().any(|(known, _)| known.name == column.name);
        let fixed = |at: &usize| self.key.columns.contains(at) || meta.key.contains(at) || meta.version == Some(*at);
        if self.all {
            let given: Vec<usize> = given.iter().copied().filter(|at| !fixed(at)).collect();
            for column in columns(&given) {
                if !is_set(&set, column) {
                    set.push((column, Node::Column(self.new, column)));
                }
            }
        }
        if W::UPDATES
            && let Some(version) = meta.version.and_then(|at| meta.columns.get(at))
        {
            // Who holds such a row in hand must see that it changed.
            let counted = Node::binary(BinaryOp::Add, Node::Column(self.old, version), Node::Bind(Value::Int(1)));
            set.push((version, counted));
        }
        if W::UPDATES && set.is_empty() {
            // Set to itself, a column changes nothing, and the row comes back.
            set.extend(key.first().map(|&column| (column, Node::Column(self.old, column))));
        }
        Ok(Conflict { key, set, old: self.old, new: self.new })
    }
}

/// What a row gives for a key.
fn key_values<N: Insertable>(row: &N, key: Unique<N::Model>) -> Result<Vec<Value<'static>>> {
    let (meta, mut given, mut values) = (N::Model::meta(), Vec::new(), Vec::new());
    row.columns(&mut given);
    let bound = row.bind(&mut |value| {
        values.push(value.clone().into_owned());
        Ok(())
    });
    bound.map_err(|error| meta.locate_in(error, given.get(values.len()).copied()))?;
    let value = |at: &usize| {
        let value = given.iter().position(|given| given == at).and_then(|place| values.get(place));
        value.cloned().ok_or_else(|| no_key(meta, *at))
    };
    key.columns.iter().map(value).collect()
}

/// Inserts rows of which some may be there already.
pub(super) async fn insert_found<N: Insertable>(
    lease: &mut Lease<'_>,
    batch: &mut Batch<'_, N>,
    conflict: &Conflict,
    want: &mut Want<'_>,
) -> Result<u64> {
    let sql = batch.text.statement.sql.as_str();
    if conflict.set.is_empty() {
        return match lease.dialect() {
            Dialect::Mysql => insert_each(lease, batch, conflict, want).await,
            Dialect::Sqlite | Dialect::Postgres => lease.execute_rows(sql, batch, want.returned()).await,
        };
    }
    match lease.execute_rows(sql, batch, want.returned()).await {
        // A row that is updated counts twice there.
        Ok(_) if lease.dialect() == Dialect::Mysql => Ok(batch.rows.len() as u64),
        Ok(stored) => Ok(stored),
        Err(error) if is_several(&error) => Err(found_by_another_key::<N>(batch.columns, conflict, error)),
        Err(error) => Err(error),
    }
}

/// MySQL has no INSERT that leaves the rows of one key alone and no other fault: there the violation is ignored. It undoes
/// its own statement only, so each row is one.
async fn insert_each<N: Insertable>(
    lease: &mut Lease<'_>,
    batch: &mut Batch<'_, N>,
    conflict: &Conflict,
    want: &mut Want<'_>,
) -> Result<u64> {
    let mut inserted = 0;
    for (at, row) in batch.rows.chunks(1).enumerate() {
        let place = (batch.place.0 + at, batch.place.1);
        let mut row = Batch { rows: row, place, ..*batch };
        let violated = match lease.execute_rows(&batch.text.statement.sql, &mut row, want.returned()).await {
            Ok(count) => {
                inserted += count;
                continue;
            }
            Err(error) => error,
        };
        match violated.kind() {
            ErrorKind::UniqueViolation(violation) if is_of_key(violation, N::Model::meta(), &conflict.key) => {}
            // The server names one key of several; the one that was asked for counts.
            ErrorKind::UniqueViolation(_) if is_there(lease, &row, conflict).await? => {}
            _ => return Err(violated),
        }
    }
    Ok(inserted)
}

/// Whether there is a row with the key of the one in a batch.
async fn is_there<N: Insertable>(lease: &mut Lease<'_>, batch: &Batch<'_, N>, conflict: &Conflict) -> Result<bool> {
    let meta = N::Model::meta();
    let is_asked = |key: &&[usize]| {
        let columns = key.iter().filter_map(|&at| meta.columns.get(at)).map(|column| column.name);
        columns.eq(conflict.key.iter().map(|column| column.name))
    };
    let Some(key) = std::iter::once(meta.key).chain(meta.uniques.iter().copied()).find(is_asked) else {
        return Ok(false);
    };
    let Some(row) = batch.rows.first() else { return Ok(false) };
    let values = key_values(row, Unique::<N::Model>::new(key))?;
    Ok(find_by(lease, Unique::<N::Model>::new(key), &values).await?.is_some())
}

/// Whether a key of MySQL's that was violated is this one.
fn is_of_key(violation: &Violation, meta: &ModelMeta, key: &[&'static ColumnMeta]) -> bool {
    if violation.columns.is_empty() {
        // The server tells nothing but a name, and always calls the primary key so.
        let is_primary = meta.key_columns().map(|column| column.name).eq(key.iter().map(|column| column.name));
        return (violation.constraint.as_deref() == Some("PRIMARY")) == is_primary
            && (is_primary || meta.uniques.len() == 1);
    }
    violation.columns.len() == key.len()
        && key.iter().all(|column| violation.columns.iter().any(|name| name == column.name))
}

/// MySQL found a row, and not by the key that was asked for. It does not say by which.
fn found_by_another_key<N: Insertable>(given: &[usize], conflict: &Conflict, error: Error) -> Error {
    let meta = N::Model::meta();
    let names = |positions: &[usize]| -> Vec<&'static str> {
        positions.iter().filter_map(|&at| meta.columns.get(at)).map(|column| column.name).collect()
    };
    let asked: Vec<&str> = conflict.key.iter().map(|column| column.name).collect();
    let others = std::iter::once(meta.key).chain(meta.uniques.iter().copied());
    let others = others.filter(|key| !key.is_empty() && key.iter().all(|at| given.contains(at)));
    let mut others = others.map(names).filter(|names| *names != asked);
    let columns = match (others.next(), others.next()) {
        (Some(only), None) => only.into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let violation = Violation { constraint: None, table: Some(meta.table.to_owned()), columns };
    let why = format!(
        "a row of {} has another unique key in common with the new one than ({}), by which it was to be found",
        meta.table,
        asked.join(", ")
    );
    Error::new(ErrorKind::UniqueViolation(violation), why).with_source(error)
}

fn no_key(meta: &ModelMeta, column: usize) -> Error {
    let column = meta.columns.get(column).map_or("?", |column| column.name);
    let why = "so that a row that is there already cannot be found by it";
    Error::query(format!("the new {} gives no value for \"{column}\", {why}", meta.model))
}

/// A column, or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of columns",
    label = "expected a column or a tuple of up to 12 of them; `set_to` takes expressions"
)]
pub trait ColumnList {
    #[doc(hidden)]
    fn list(self, out: &mut Vec<&'static ColumnMeta>);
}

impl<T> ColumnList for Column<T> {
    fn list(self, out: &mut Vec<&'static ColumnMeta>) {
        out.push(self.meta());
    }
}

macro_rules! lists {
    ($($T:ident $at:tt),*) => {
        impl<$($T: ColumnList),*> ColumnList for ($($T,)*) {
            fn list(self, out: &mut Vec<&'static ColumnMeta>) {
                $(self.$at.list(out);)*
            }
        }
    };
}

lists!(A 0, B 1);
lists!(A 0, B 1, C 2);
lists!(A 0, B 1, C 2, D 3);
lists!(A 0, B 1, C 2, D 3, E 4);
lists!(A 0, B 1, C 2, D 3, E 4, F 5);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
