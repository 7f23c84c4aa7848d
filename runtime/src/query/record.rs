//! What a row does by its key: get, find, insert, save, delete, reload. Generated methods call these.

use super::insert::{Batch, Insertable, insert_text};
use super::model::{Keyed, Model};
use crate::convert::KeyColumns;
use crate::driver::Returned;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::ModelMeta;
use crate::mode::Mode;
use crate::sql::{BinaryOp, Node, Select, Source, Statement, Table, Write, Writer};
use crate::value::Value;

/// The row of a key.
#[doc(hidden)]
pub fn get<'e, M: Keyed, E: Executor<'e>>(on: E, key: M::Key) -> Out<'e, E, Option<M>> {
    let target = on.target();
    E::Mode::run(async move {
        let values = <M as Keyed>::Columns::values(&key)?;
        fetch_by_key::<M>(&mut target.lease(Access::Read).await?, &values).await
    })
}

/// The row of a unique key: columns by position, and their values.
#[doc(hidden)]
pub fn find<'e, M: Model, K: KeyColumns, E: Executor<'e>>(
    on: E,
    columns: &'static [usize],
    key: K::Key,
) -> Out<'e, E, Option<M>> {
    let (target, values) = (on.target(), K::values(&key));
    E::Mode::run(async move {
        let values = values?;
        let mut lease = target.lease(Access::Read).await?;
        let sql = select_text(lease.dialect(), M::meta(), columns)?;
        fetch_one::<M>(&mut lease, &sql, &values).await
    })
}

/// Inserts a row and gives it back as stored.
#[doc(hidden)]
pub fn insert_one<'e, N: Insertable, E: Executor<'e>>(on: E, row: N) -> Out<'e, E, N::Model> {
    let target = on.target();
    E::Mode::run(async move {
        let (meta, mut row) = (N::Model::meta(), row);
        if let Some(hook) = N::BEFORE_INSERT {
            hook(&mut row)?;
        }
        let mut columns = Vec::with_capacity(meta.columns.len());
        row.columns(&mut columns);
        let mut lease = target.lease(Access::Write).await?;
        let returning: Vec<_> = meta.columns.iter().collect();
        let sql = insert_text(lease.dialect(), meta, &columns, &returning);
        let mut stored = None;
        let each = &mut |row: &crate::Row<'_>| {
            stored = Some(N::Model::decode(row, 0).map_err(|error| meta.locate(error, row.position()))?);
            Ok(())
        };
        let batch = Batch { rows: std::slice::from_ref(&row), columns: &columns, returning: &returning };
        lease.execute_rows(&sql, &batch, Returned::Rows(each)).await?;
        stored.ok_or_else(|| Error::query(format!("the database did not give back the {} it inserted", meta.model)))
    })
}

/// Writes all columns of a row that is stored already. A version counter must be as it was read, and counts on.
#[doc(hidden)]
pub fn save<'e, M: Keyed, E: Executor<'e>>(on: E, row: &'e mut M) -> Out<'e, E, ()> {
    let target = on.target();
    E::Mode::run(async move {
        let meta = M::meta();
        if let Some(hook) = M::BEFORE_UPDATE {
            hook(row)?;
        }
        let mut lease = target.lease(Access::Write).await?;
        let Statement { sql, params } = update_statement(lease.dialect(), row)?;
        if lease.execute(&sql, &params).await?.affected == 0 {
            return Err(gone(meta));
        }
        let computed = meta.version.is_some() || meta.columns.iter().any(|column| column.generated);
        if computed {
            *row = fetch_by_key::<M>(&mut lease, &<M as Keyed>::Columns::values(&row.key())?)
                .await?
                .ok_or_else(|| gone(meta))?;
        }
        lease.written(meta).await
    })
}

/// Deletes a row.
#[doc(hidden)]
pub fn delete<'e, M: Keyed, E: Executor<'e>>(on: E, row: &M) -> Out<'e, E, ()> {
    let target = on.target();
    let filter = M::BEFORE_DELETE.map_or(Ok(()), |hook| hook(row)).and_then(|()| own_row(row));
    E::Mode::run(async move {
        let (source, filter) = filter?;
        let mut lease = target.lease(Access::Write).await?;
        let write = Write { source, table: Table::Model(M::meta()), set: &[], filter: &filter };
        let Statement { sql, params } = Writer::write(lease.dialect(), &write)?;
        match lease.execute(&sql, &params).await?.affected {
            0 => Err(gone(M::meta())),
            _ => lease.written(M::meta()).await,
        }
    })
}

/// Reads a row again.
#[doc(hidden)]
pub fn reload<'e, M: Keyed, E: Executor<'e>>(on: E, row: &'e mut M) -> Out<'e, E, ()> {
    let target = on.target();
    E::Mode::run(async move {
        let values = <M as Keyed>::Columns::values(&row.key())?;
        let stored = fetch_by_key::<M>(&mut target.lease(Access::Read).await?, &values).await?;
        *row = stored.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the {} is gone", M::meta().model)))?;
        Ok(())
    })
}

pub(crate) async fn fetch_by_key<M: Keyed>(lease: &mut Lease<'_>, values: &[Value<'static>]) -> Result<Option<M>> {
    let meta = M::meta();
    let sql = M::texts().get(lease.dialect(), || select_text(lease.dialect(), meta, meta.key))?;
    fetch_one::<M>(lease, sql, values).await
}

async fn fetch_one<M: Model>(lease: &mut Lease<'_>, sql: &str, values: &[Value<'static>]) -> Result<Option<M>> {
    let mut found = None;
    lease
        .query(sql, &values, &mut |row| {
            found = Some(M::decode(row, 0).map_err(|error| M::meta().locate(error, row.position()))?);
            Ok(())
        })
        .await?;
    Ok(found)
}

/// The text of a SELECT by equality of some columns.
fn select_text(dialect: crate::Dialect, meta: &'static ModelMeta, columns: &[usize]) -> Result<String> {
    let source = Source::new();
    let mut select = Select::all(source, meta);
    let columns = columns.iter().filter_map(|&at| meta.columns.get(at));
    select.filter.extend(
        columns.map(|column| Node::binary(BinaryOp::Eq, Node::Column(source, column), Node::Bind(Value::Null))),
    );
    Writer::select(dialect, &select).map(|statement| statement.sql)
}

/// The condition that a stored row is this one: by its key, and by its version where it has one.
fn own_row<M: Keyed>(row: &M) -> Result<(Source, Vec<Node>)> {
    let (meta, source) = (M::meta(), Source::new());
    let mut filter = Vec::new();
    for &at in meta.key.iter().chain(meta.version.iter()) {
        if let Some(column) = meta.columns.get(at) {
            let value = Node::Bind(row.value(at)?.into_owned());
            filter.push(Node::binary(BinaryOp::Eq, Node::Column(source, column), value));
        }
    }
    Ok((source, filter))
}

fn update_statement<M: Keyed>(dialect: crate::Dialect, row: &M) -> Result<Statement> {
    let meta = M::meta();
    let (source, filter) = own_row(row)?;
    let mut set = Vec::with_capacity(meta.columns.len());
    for (at, column) in meta.columns.iter().enumerate() {
        if column.generated || meta.key.contains(&at) {
            continue;
        }
        let value = if meta.version == Some(at) {
            Node::binary(BinaryOp::Add, Node::Column(source, column), Node::Bind(Value::Int(1)))
        } else {
            Node::Bind(row.value(at).map_err(|error| meta.locate_in(error, Some(at)))?.into_owned())
        };
        set.push((column, value));
    }
    if set.is_empty() {
        // Nothing but the key: setting it to itself still finds out whether the row is there.
        for &at in meta.key {
            if let Some(column) = meta.columns.get(at) {
                set.push((column, Node::Column(source, column)));
            }
        }
    }
    Writer::write(dialect, &Write { source, table: Table::Model(meta), set: &set, filter: &filter })
}

/// The error of a row that a write did not find.
fn gone(meta: &ModelMeta) -> Error {
    let model = meta.model;
    if meta.version.is_some() {
        return Error::new(ErrorKind::Stale, format!("the {model} was changed or deleted since it was read"));
    }
    Error::new(ErrorKind::NotFound, format!("the {model} is not stored any more"))
}
