//! INSERT of one row or many.

use rustc_hash::FxHashMap;

use super::model::{Keyed, Model};
use super::put::Puts;
use crate::convert::KeyColumns;
use crate::driver::{Bulk, Returned, Rows};
use crate::error::Result;
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::mode::Mode;
use crate::sql::{Dialect, Insert, Table, Writer};
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
    /// Their values, in the same order.
    #[doc(hidden)]
    fn bind(&self, put: &mut dyn FnMut(Value<'_>) -> Result<()>) -> Result<()> {
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

    /// Inserts the rows and gives them back as stored, in the same order.
    ///
    /// # Errors
    /// Those of the database, violations first of all; nothing is inserted then.
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
            if N::Model::meta().auto_key.is_some() && lease.dialect() == Dialect::Sqlite {
                let mut counted = Vec::with_capacity(self.rows.len());
                self.insert(&mut lease, Want::Counted(&mut counted)).await?;
                return counted.into_iter().map(<N::Model as Keyed>::Columns::counted).collect();
            }
            let mut keys = Vec::with_capacity(self.rows.len());
            let each = &mut |row: &crate::Row<'_>| {
                keys.push(<N::Model as Keyed>::Columns::decode(row)?);
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
        if let Some(hook) = N::BEFORE_INSERT {
            self.rows.iter_mut().try_for_each(hook)?;
        }
        lease.begin_atomic().await?;
        let result = self.insert_runs(lease, &mut want).await;
        lease.finish_atomic(result.is_ok()).await?;
        result
    }

    /// Rows that give the same columns go into one statement; order is kept.
    async fn insert_runs(&self, lease: &mut Lease<'_>, want: &mut Want<'_>) -> Result<u64> {
        let (mut columns, mut next) = (Vec::new(), Vec::new());
        let (mut start, mut affected) = (0, 0);
        // Rows that give a column by turns and leave it to the database by turns come back to the same few texts.
        let mut texts = Texts::default();
        while let Some(first) = self.rows.get(start) {
            columns.clear();
            first.columns(&mut columns);
            let same = self.rows.iter().skip(start + 1).take_while(|row| {
                next.clear();
                row.columns(&mut next);
                next == columns
            });
            let end = start + 1 + same.count();
            let rows = self.rows.get(start..end).unwrap_or_default();
            affected += insert_run(lease, rows, &columns, &mut texts, want).await?;
            start = end;
        }
        Ok(affected)
    }
}

/// What is wanted back from an insert.
enum Want<'a> {
    Nothing,
    Counted(&'a mut Vec<i64>),
    Keys(&'a mut (dyn FnMut(&crate::Row<'_>) -> Result<()> + Send)),
    Rows(&'a mut (dyn FnMut(&crate::Row<'_>) -> Result<()> + Send)),
}

/// Texts of INSERTs by the positions of their columns.
type Texts = FxHashMap<Vec<usize>, String>;

async fn insert_run<N: Insertable>(
    lease: &mut Lease<'_>,
    rows: &[N],
    columns: &[usize],
    texts: &mut Texts,
    want: &mut Want<'_>,
) -> Result<u64> {
    let meta = N::Model::meta();
    let (returning, returned): (Vec<&'static ColumnMeta>, _) = match want {
        Want::Nothing => (Vec::new(), Returned::Nothing),
        Want::Counted(keys) => (Vec::new(), Returned::Keys(keys)),
        Want::Keys(each) => (meta.key_columns().collect(), Returned::Rows(&mut **each)),
        Want::Rows(each) => (meta.columns.iter().collect(), Returned::Rows(&mut **each)),
    };
    let batch = Batch { rows, columns, returning: &returning };
    if let Some(sql) = texts.get(columns) {
        return lease.execute_rows(sql, &batch, returned).await;
    }
    let sql = insert_text(lease.dialect(), meta, columns, &returning);
    let sql = texts.entry(columns.to_vec()).or_insert(sql);
    lease.execute_rows(sql, &batch, returned).await
}

pub(crate) fn insert_text(
    dialect: Dialect,
    meta: &'static ModelMeta,
    columns: &[usize],
    returning: &[&'static ColumnMeta],
) -> String {
    let columns: Vec<&'static ColumnMeta> = columns.iter().filter_map(|&at| meta.columns.get(at)).collect();
    let insert = Insert { table: Table::Model(meta), columns: &columns, returning, ignore_existing: false };
    Writer::insert(dialect, &insert)
}

/// Rows of one statement, bound straight from the structs.
pub(super) struct Batch<'a, N> {
    pub rows: &'a [N],
    pub columns: &'a [usize],
    pub returning: &'a [&'static ColumnMeta],
}

impl<N: Insertable> Rows for Batch<'_, N> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn bind(&self, row: usize, put: &mut dyn FnMut(Value<'_>) -> Result<()>) -> Result<()> {
        let Some(row) = self.rows.get(row) else { return Ok(()) };
        let mut done = 0;
        let result = row.bind(&mut |value| {
            put(value)?;
            done += 1;
            Ok(())
        });
        result.map_err(|error| N::Model::meta().locate_in(error, self.columns.get(done).copied()))
    }

    fn bulk(&self) -> Option<Bulk> {
        Some(Bulk::of(N::Model::meta(), self.columns, self.returning))
    }
}
