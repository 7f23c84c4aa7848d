//! INSERT of one row or many.

use rustc_hash::FxHashMap;

use super::model::{Keyed, Model};
use super::put::Puts;
use super::upsert::{self, Several, Unique, Upsert};
use crate::convert::KeyColumns;
use crate::driver::{Bulk, Returned, Rows, of_row};
use crate::error::{Error, Result};
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::{self, Target};
use crate::mode::Mode;
use crate::sql::{Conflict, Dialect, Existing, Insert, Statement, Table, Writer};
use crate::value::Value;

/// A row that is not stored yet: `NewUser` for `User`. Implemented by generated code.
pub trait Insertable: Send + Sync + Sized + 'static {
    /// The model it becomes.
    type Model: Model;

    /// What of the user's is called before it is inserted.
    #[doc(hidden)]
    const BEFORE_INSERT: Option<fn(&mut Self) -> Result<()>> = None;

    /// Gives its columns one after another.
    #[doc(hidden)]
    fn put(&self, out: &mut Puts<'_>);
    /// The positions of the columns it gives a value; the database fills in the others.
    #[doc(hidden)]
    fn columns(&self, out: &mut Vec<usize>) {
        self.put(&mut Puts::columns(out));
    }
    /// The same, and which of them stand for rows of a session.
    #[doc(hidden)]
    fn survey(&self, columns: &mut Vec<usize>, refs: &mut Vec<(usize, u64, u8)>) -> Result<()> {
        let mut out = Puts::survey(columns, refs);
        self.put(&mut out);
        out.done()
    }
    /// Their values, in the same order.
    #[doc(hidden)]
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let mut out = Puts::values(put);
        self.put(&mut out);
        out.done()
    }
}

/// Many rows to insert together, in one transaction.
#[derive(Debug)]
#[must_use = "nothing is inserted until it is run, for instance with `all`"]
pub struct InsertMany<N> {
    rows: Vec<N>,
}

impl<N: Insertable> InsertMany<N> {
    /// Rows to insert; for generated code.
    #[doc(hidden)]
    pub fn new(rows: impl IntoIterator<Item = N>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    /// Says by which unique key a row that is there already is found; what becomes of it is said next.
    pub fn on_conflict(self, key: Unique<N::Model>) -> Upsert<N, Several> {
        Upsert::new(self.rows, key)
    }

    /// Inserts the rows and gives them back as stored, in the same order.
    ///
    /// # Errors
    /// Those of the database, violations first of all; nothing is inserted then. Nor is it when a trigger of the database
    /// leaves rows out, which [`InsertMany::run`] tells by its number.
    pub fn all<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<N::Model>> {
        let target = on.target();
        E::Mode::run(async move {
            let mut out = Vec::with_capacity(self.rows.len());
            let meta = N::Model::meta();
            let each = &mut |row: &crate::Row<'_>| {
                out.push(N::Model::decode(row, 0).map_err(|error| meta.locate(error, row.position()))?);
                Ok(())
            };
            self.insert(&mut target.lease(Access::Write).await?, Want::Rows(each)).await?;
            Ok(out)
        })
    }

    /// Inserts the rows and gives back their keys, in the same order.
    ///
    /// # Errors
    /// Those of [`InsertMany::all`].
    pub fn keys<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, Vec<<N::Model as Keyed>::Key>>
    where
        N::Model: Keyed,
    {
        let target = on.target();
        E::Mode::run(async move {
            let mut lease = target.lease(Access::Write).await?;
            let meta = N::Model::meta();
            if meta.auto_key.is_some() && lease.dialect() == Dialect::Sqlite {
                let mut counted = Vec::with_capacity(self.rows.len());
                self.insert(&mut lease, Want::Counted(&mut counted)).await?;
                let keys = counted.into_iter().map(<N::Model as Keyed>::Columns::counted);
                return keys.collect::<Result<_>>().map_err(|error| meta.locate_in_key(error, 0));
            }
            let mut keys = Vec::with_capacity(self.rows.len());
            let each = &mut |row: &crate::Row<'_>| {
                let key = <N::Model as Keyed>::Columns::decode(row);
                keys.push(key.map_err(|error| meta.locate_in_key(error, row.position()))?);
                Ok(())
            };
            self.insert(&mut lease, Want::Keys(each)).await?;
            Ok(keys)
        })
    }

    /// Inserts the rows and says how many.
    ///
    /// # Errors
    /// Those of [`InsertMany::all`].
    pub fn run<'e, E: Executor<'e>>(self, on: E) -> Out<'e, E, u64> {
        let target = on.target();
        E::Mode::run(async move { self.insert(&mut target.lease(Access::Write).await?, Want::Nothing).await })
    }

    async fn insert(mut self, lease: &mut Lease<'_>, mut want: Want<'_>) -> Result<u64> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        call_hooks(&mut self.rows)?;
        lease.begin_atomic().await?;
        let result = insert_runs(lease, &self.rows, &|_| Ok(None), &mut want).await;
        let result = result.and_then(|stored| all_stored(N::Model::meta(), stored, self.rows.len(), &want));
        lease.finish_atomic(result).await
    }
}

/// Calls the hook of every row; what it refuses is told by its number.
pub(super) fn call_hooks<N: Insertable>(rows: &mut [N]) -> Result<()> {
    let (Some(hook), of) = (N::BEFORE_INSERT, rows.len()) else { return Ok(()) };
    let mut rows = rows.iter_mut().zip(1..);
    rows.try_for_each(|(row, number)| hook(row).map_err(|error| error.numbered(number, of)))
}

/// What comes back is told apart by its place, so none may be missing. A trigger or a rule can leave rows out.
fn all_stored(meta: &ModelMeta, stored: u64, given: usize, want: &Want<'_>) -> Result<u64> {
    if matches!(want, Want::Nothing) || u64::try_from(given) == Ok(stored) {
        return Ok(stored);
    }
    let model = meta.model;
    Err(Error::query(format!(
        "the database stored {stored} of {given} new rows of {model}: a trigger or a rule of its table left out the others"
    )))
}

/// What becomes of rows that are there already, by the positions of the columns that are given.
pub(super) type OnExisting<'a> = &'a (dyn Fn(&[usize]) -> Result<Option<Conflict>> + Sync);

/// Rows that give the same columns go into one statement; order is kept.
pub(super) async fn insert_runs<N: Insertable>(
    lease: &mut Lease<'_>,
    all: &[N],
    existing: OnExisting<'_>,
    want: &mut Want<'_>,
) -> Result<u64> {
    let (mut columns, mut next) = (Vec::new(), Vec::new());
    let (mut start, mut affected) = (0, 0);
    // Rows that give a column by turns and leave it to the database by turns come back to the same few texts.
    let mut texts: FxHashMap<Vec<usize>, Text> = FxHashMap::default();
    while let Some(first) = all.get(start) {
        columns.clear();
        first.columns(&mut columns);
        let same = all.iter().skip(start + 1).take_while(|row| {
            next.clear();
            row.columns(&mut next);
            next == columns
        });
        let end = start + 1 + same.count();
        let returning = want.columns(N::Model::meta());
        if !texts.contains_key(&columns) {
            let text = Text::of(lease.dialect(), N::Model::meta(), &columns, existing(&columns)?, &returning)?;
            texts.insert(columns.clone(), text);
        }
        if let (Some(text), Some(rows)) = (texts.get(&columns), all.get(start..end)) {
            let place = (start, all.len());
            let mut batch = Batch { rows, place, columns: &columns, returning: &returning, text };
            affected += match &text.conflict {
                None => lease.execute_rows(&text.statement.sql, &mut batch, want.returned()).await?,
                Some(conflict) => upsert::insert_found(lease, &mut batch, conflict, want).await?,
            };
        }
        start = end;
    }
    Ok(affected)
}

/// What is wanted back from an insert.
pub(super) enum Want<'a> {
    Nothing,
    Counted(&'a mut Vec<i64>),
    Keys(&'a mut (dyn FnMut(&crate::Row<'_>) -> Result<()> + Send)),
    Rows(&'a mut (dyn FnMut(&crate::Row<'_>) -> Result<()> + Send)),
}

impl Want<'_> {
    /// The columns that have to come back for it.
    fn columns(&self, meta: &'static ModelMeta) -> Vec<&'static ColumnMeta> {
        match self {
            Want::Nothing | Want::Counted(_) => Vec::new(),
            Want::Keys(_) => meta.key_columns().collect(),
            Want::Rows(_) => meta.columns.iter().collect(),
        }
    }

    pub(super) fn returned(&mut self) -> Returned<'_> {
        match self {
            Want::Nothing => Returned::Nothing,
            Want::Counted(keys) => Returned::Keys(keys),
            Want::Keys(each) | Want::Rows(each) => Returned::Rows(&mut **each),
        }
    }
}

/// An INSERT of some columns of a model.
pub(super) struct Text {
    dialect: Dialect,
    pub statement: Statement,
    pub conflict: Option<Conflict>,
}

impl Text {
    pub(super) fn of(
        dialect: Dialect,
        meta: &'static ModelMeta,
        columns: &[usize],
        conflict: Option<Conflict>,
        returning: &[&'static ColumnMeta],
    ) -> Result<Self> {
        let columns: Vec<&'static ColumnMeta> = columns.iter().filter_map(|&at| meta.columns.get(at)).collect();
        let mut text = Self { dialect, statement: Statement::default(), conflict };
        let existing = text.existing();
        let insert = Insert { table: Table::Model(meta), columns: &columns, returning, existing };
        text.statement = Writer::insert(dialect, &insert)?;
        Ok(text)
    }

    fn existing(&self) -> Existing<'_> {
        self.conflict.as_ref().map_or(Existing::Refused, Existing::Found)
    }
}

/// The text of an INSERT of rows that are not there yet.
pub(crate) fn insert_text(
    dialect: Dialect,
    meta: &'static ModelMeta,
    columns: &[usize],
    returning: &[&'static ColumnMeta],
) -> Result<String> {
    Text::of(dialect, meta, columns, None, returning).map(|text| text.statement.sql)
}

/// Rows of one statement, bound straight from the structs.
pub(super) struct Batch<'a, N> {
    pub rows: &'a [N],
    /// How many rows come before them, of how many.
    pub place: (usize, usize),
    pub columns: &'a [usize],
    pub returning: &'a [&'static ColumnMeta],
    pub text: &'a Text,
}

impl<N: Insertable> Batch<'_, N> {
    /// What the parameters of a row are for, and those behind them.
    fn own_target(&self) -> Target {
        let meta = N::Model::meta();
        let columns: Vec<_> = self.columns.iter().filter_map(|&at| meta.columns.get(at)).collect();
        let (table, existing) = (Table::Model(meta), self.text.existing());
        let insert = Insert { table, columns: &columns, returning: &[], existing };
        Writer::insert_target(self.text.dialect, &insert)
    }
}

impl<N: Insertable> Rows for Batch<'_, N> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn number(&self, row: usize) -> Option<(usize, usize)> {
        let (before, all) = self.place;
        Some((before + row + 1, all))
    }

    fn bind(&mut self, number: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let Some(row) = self.rows.get(number) else { return Ok(()) };
        let mut done = 0;
        let meta = N::Model::meta();
        let result = row.bind(&mut |value| {
            misfit::check_exact(meta, self.columns.get(done).copied(), value)?;
            put(value)?;
            done += 1;
            Ok(())
        });
        result.map_err(|error| {
            let error = meta.locate_in(error, self.columns.get(done).copied());
            of_row(error, self, number)
        })?;
        for (at, value) in self.text.statement.params.iter().enumerate() {
            put(value).map_err(|error| self.own_target().locate(error, self.columns.len() + at))?;
        }
        Ok(())
    }

    fn target(&mut self) -> Option<Target> {
        Some(self.own_target())
    }

    fn bulk(&self) -> Option<Bulk<'_>> {
        let existing = self.text.existing();
        Some(Bulk { existing, ..Bulk::of(N::Model::meta(), self.columns, self.returning) })
    }
}
