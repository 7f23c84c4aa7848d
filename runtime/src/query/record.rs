//! What a row does by its key: get, find, insert, save, delete, reload. Generated methods call these.

use super::insert::{Batch, Insertable, Text};
use super::model::{Keyed, Model};
use super::upsert::Unique;
use crate::convert::KeyColumns;
use crate::driver::Returned;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Access, Executor, Lease, Out};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::misfit::Assigned;
use crate::mode::Mode;
use crate::sql::{BinaryOp, Node, Select, Source, Statement, Table, Write, Writer};
use crate::value::{Params, Value, several};

/// The row of a key.
#[doc(hidden)]
pub fn get<'e, M: Keyed, E: Executor<'e>>(on: E, key: M::Key) -> Out<'e, E, Option<M>> {
    let target = on.target();
    E::Mode::run(async move {
        let values = <M as Keyed>::Columns::values(&key)?;
        fetch_by_key::<M>(&mut target.lease_shared(Access::Read).await?, &values).await
    })
}

/// The row of a unique key.
#[doc(hidden)]
pub fn find<'e, M: Model, K: KeyColumns, E: Executor<'e>>(
    on: E,
    unique: Unique<M>,
    key: K::Key,
) -> Out<'e, E, Option<M>> {
    let (target, values) = (on.target(), K::values(&key));
    E::Mode::run(async move {
        let values = values?;
        find_by(&mut target.lease_shared(Access::Read).await?, unique, &values).await
    })
}

pub(super) async fn find_by<M: Model>(
    lease: &mut Lease<'_>,
    unique: Unique<M>,
    values: &[Value<'static>],
) -> Result<Option<M>> {
    let sql = select_text(lease.dialect(), M::meta(), unique.columns())?;
    fetch_one::<M>(lease, &sql, &values).await
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
        let text = Text::of(lease.dialect(), meta, &columns, None, &returning)?;
        let mut stored = None;
        let each = &mut |row: &crate::Row<'_>| {
            stored = Some(N::Model::decode(row, 0).map_err(|error| meta.locate(error, row.position()))?);
            Ok(())
        };
        let rows = std::slice::from_ref(&row);
        let mut batch = Batch { rows, place: (0, 1), columns: &columns, returning: &returning, text: &text };
        lease.execute_rows(&text.statement.sql, &mut batch, Returned::Rows(each)).await?;
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
        let computed = meta.version.is_some() || meta.columns.iter().any(|column| column.generated);
        let mut lease = match computed {
            true => target.lease(Access::Write).await?,
            false => target.lease_shared(Access::Write).await?,
        };
        let (dialect, (source, set, filter)) = (lease.dialect(), assignments(row)?);
        let write = Write { source, table: Table::Model(meta), set: &set, filter: &filter };
        let Statement { sql, params } = Writer::write(dialect, &write)?;
        let params = Assigned::new(dialect, &write, &params);
        match (computed, lease.dialect().writes_return()) {
            (false, _) => {
                if lease.execute_shared(&sql, &params).await? == 0 {
                    return Err(gone::<M>(&row.key()));
                }
            }
            (true, true) => {
                let sql = sql + &Writer::returning(lease.dialect(), meta.columns);
                *row = fetch_one::<M>(&mut lease, &sql, &params).await?.ok_or_else(|| gone::<M>(&row.key()))?;
            }
            (true, false) => *row = write_and_read(&mut lease, &sql, &params, row).await?,
        }
        lease.written(meta).await
    })
}

/// Writes a row and reads it again, in one transaction: what is read is what was written, and not what came after it.
async fn write_and_read<M: Keyed>(lease: &mut Lease<'_>, sql: &str, params: &dyn Params, row: &M) -> Result<M> {
    let key = <M as Keyed>::Columns::values(&row.key())?;
    lease.begin_atomic().await?;
    let stored = match lease.execute(sql, params).await {
        Ok(done) if done.affected > 0 => fetch_by_key::<M>(lease, &key).await,
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    lease.finish_atomic(stored.and_then(|stored| stored.ok_or_else(|| gone::<M>(&row.key())))).await
}

/// Deletes a row.
#[doc(hidden)]
pub fn delete<'e, M: Keyed, E: Executor<'e>>(on: E, row: &M) -> Out<'e, E, ()> {
    let target = on.target();
    let filter = M::BEFORE_DELETE.map_or(Ok(()), |hook| hook(row)).and_then(|()| own_row(row));
    let key = row.key();
    E::Mode::run(async move {
        let (source, filter) = filter?;
        let mut lease = target.lease_shared(Access::Write).await?;
        let write = Write { source, table: Table::Model(M::meta()), set: &[], filter: &filter };
        let Statement { sql, params } = Writer::write(lease.dialect(), &write)?;
        match lease.execute_shared(&sql, &params).await? {
            0 => Err(gone::<M>(&key)),
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
        let stored = fetch_by_key::<M>(&mut target.lease_shared(Access::Read).await?, &values).await?;
        *row = stored.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("the {} is gone", M::meta().model)))?;
        Ok(())
    })
}

pub(crate) async fn fetch_by_key<M: Keyed>(lease: &mut Lease<'_>, values: &[Value<'static>]) -> Result<Option<M>> {
    let meta = M::meta();
    let dialect = lease.dialect();
    let sql = meta.by_key(dialect, || select_text(dialect, meta, meta.key))?;
    fetch_one::<M>(lease, &sql, &values).await
}

async fn fetch_one<M: Model>(lease: &mut Lease<'_>, sql: &str, values: &dyn Params) -> Result<Option<M>> {
    let mut found = None;
    lease
        .query_shared(sql, values, &mut |row| {
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
    Writer::select(dialect, &select).map(|statement| statement.sql.into())
}

/// The condition that a stored row is this one: by its key, and by its version where it has one.
fn own_row<M: Keyed>(row: &M) -> Result<(Source, Vec<Node>)> {
    let (meta, source) = (M::meta(), Source::new());
    let mut filter = Vec::new();
    for &at in meta.key.iter().chain(meta.version.iter()) {
        if let Some(column) = meta.columns.get(at) {
            let value = Node::Bind(row.value(at).map_err(|error| meta.locate(error, at))?.into_owned());
            filter.push(Node::binary(BinaryOp::Eq, Node::Column(source, column), value));
        }
    }
    Ok((source, filter))
}

/// What is set in the row that is stored, and the condition that it is this one.
#[allow(clippy::type_complexity)]
fn assignments<M: Keyed>(row: &M) -> Result<(Source, Vec<(&'static ColumnMeta, Node)>, Vec<Node>)> {
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
    Ok((source, set, filter))
}

/// The error of a row that a write did not find, which names it as sessions do.
fn gone<M: Keyed>(key: &M::Key) -> Error {
    let meta = M::meta();
    let parts: Vec<Value<'_>> = <M as Keyed>::Columns::values(key).into_iter().flatten().collect();
    let row = format!("{} {}", meta.model, several(&parts));
    if meta.version.is_some() {
        return Error::new(ErrorKind::Stale, format!("{row} was changed or deleted since it was read"));
    }
    Error::new(ErrorKind::NotFound, format!("{row} is not stored any more"))
}
