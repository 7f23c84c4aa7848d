//! Many rows in one INSERT, with every key at its own row.
//!
//! The columns go as one array each, so that the text is the same for any number of rows and no limit of parameters is
//! met. RETURNING promises no order, so what comes back is matched by key: keys that rows do not give are made before,
//! by the column's own default (`nextval` of its sequence, `gen_random_uuid()`, …), and given. Concurrent writers make
//! others, as sequences and random numbers do; a default that does not is a violation of the key, as it is elsewhere.
//!
//! Where the catalog shows that this cannot be known to be exact (a trigger that may change keys, rules, a view, a
//! partitioned table, a sequence that the role may not use, a key without default, a type whose value can come back in
//! another form), rows go one by one.
//!
//! COPY would store rows of which nothing is wanted back in two thirds of the time, where a table has no other index than its
//! key. It is not used, as it does not do the same: it knows no rules and no policies for rows, its CHECKs do not see the rows
//! before, it takes a column's bytes for whatever type that has by now, poolers lose connections over it, and the client
//! library gets out of step when the server refuses one at once (rust-postgres, issue 789).

use std::pin::pin;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio_postgres::types::{Kind, Type};

use super::bind::{Bound, Column};
use super::form::{Form, Slot};
use super::{Cursor, Prepared, Session, Waiting, error};
use crate::driver::{Bulk, Returned, Rows};
use crate::error::{Error, Result};
use crate::meta::ColumnMeta;
use crate::row::{Row, Source};
use crate::sql::{Dialect, Insert, Writer};
use crate::value::Value;

/// Fewer rows are not worth another text.
pub(super) const LEAST: usize = 8;
/// Rows and bytes of one statement.
const ROWS: usize = 10_000;
const BYTES: usize = 4 << 20;
/// So many plans are kept.
const PLANS: usize = 512;

/// What the catalog says of the columns of a key: name, type, default, whether the default can be had by this role and
/// whether it has to be written over. No rows at all where rows might not be stored as they are given, or found by another
/// spelling of their key.
///
/// Sources: the manual on pg_class, pg_attribute, pg_attrdef and pg_trigger (the bits of `tgtype` are those of
/// `catalog/pg_trigger.h`: 1 for each row, 2 before, 4 on insert).
const KEYS: &str = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
    CASE WHEN a.attidentity <> '' THEN CASE WHEN pg_catalog.has_sequence_privilege( \
    pg_catalog.pg_get_serial_sequence($1, a.attname), 'USAGE') THEN pg_catalog.format('nextval(%L::regclass)', \
    pg_catalog.pg_get_serial_sequence($1, a.attname)) END \
    WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END, a.attidentity = 'a' \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
    WHERE c.oid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($2::text[]) \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic) \
    AND c.relkind = 'r' AND NOT c.relhasrules AND NOT EXISTS \
    (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 7 = 7)";

/// How rows of some columns are inserted.
pub(super) struct Plan {
    text: String,
    /// How the given columns are written.
    slots: Vec<(Form, u32)>,
    /// What makes the keys that are not given.
    made: Option<Made>,
    /// Where the parts of the key come from, in its order; empty when no rows come back.
    parts: Vec<Part>,
    /// Where they stand in a row that comes back.
    back: Vec<usize>,
    /// Only the key is wanted, and it was made before: nothing has to come back. Its type and form.
    echo: Option<(Type, [Form; 1])>,
    /// A statement may have each key once: it cannot change a row that it has inserted or changed itself.
    once: bool,
    /// Rows that are there already do not come back.
    skips: bool,
}

struct Made {
    text: String,
    slots: Vec<(Form, u32)>,
}

#[derive(Clone, Copy)]
enum Part {
    /// A given column.
    Given(usize),
    /// A column that was made.
    Made(usize),
}

/// What the catalog knows of a key's column.
struct Default {
    name: String,
    ty: String,
    expression: Option<String>,
    always: bool,
}

/// The keys of a chunk, one behind the other.
#[derive(Default)]
struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    fn get(&self, row: usize) -> Option<&[u8]> {
        let start = if row == 0 { 0 } else { *self.ends.get(row - 1)? };
        self.bytes.get(start..*self.ends.get(row)?)
    }
}

/// Adds a part of a key; its length keeps it apart from the next.
fn add_part(key: &mut Vec<u8>, part: &[u8]) {
    key.extend_from_slice(&part.len().to_be_bytes());
    key.extend_from_slice(part);
}

impl Plan {
    /// Adds the key of a row; `false` when a part of it is NULL.
    fn add_key(&self, columns: &[Column], row: usize, key: &mut Vec<u8>) -> bool {
        self.parts.iter().all(|part| {
            let column = match *part {
                Part::Given(at) => columns.get(at),
                Part::Made(at) => columns.get(self.slots.len() + at),
            };
            column.and_then(|column| column.element(row)).map(|part| add_part(key, part)).is_some()
        })
    }

    /// The key of a row, if no part of it is NULL.
    fn key(&self, columns: &[Column], row: usize) -> Option<Vec<u8>> {
        let mut key = Vec::new();
        self.add_key(columns, row, &mut key).then_some(key)
    }

    /// Hands out the keys that were made, once all rows are stored under them.
    fn hand_out_keys(&self, affected: u64, count: usize, columns: &[Column], each: Hand<'_>) -> Result<u64> {
        let (Some((ty, forms)), Some(made)) = (&self.echo, columns.get(self.slots.len())) else { return Ok(affected) };
        if affected != count as u64 {
            return Err(Error::query(format!("the database stored {affected} rows of {count} that were inserted")));
        }
        for row in 0..count {
            each(&Row::new(Source::Postgres(Cursor::element(made.element(row), ty, forms))))?;
        }
        Ok(affected)
    }
}

impl Session {
    /// Inserts rows, of which there are [enough](LEAST), by as few statements as can be: how many of them, from the first on,
    /// and how many rows that changed.
    /// The others have to go one by one; nothing was sent of them.
    pub(super) async fn run_bulk(
        &mut self,
        sql: &str,
        single: &Prepared,
        rows: &mut dyn Rows,
        returned: &mut Returned<'_>,
    ) -> Result<(usize, u64)> {
        let Some(bulk) = rows.bulk().filter(|bulk| !bulk.columns.is_empty()) else {
            return Ok((0, 0));
        };
        let Some(plan) = self.bulk_plan(sql, single, &bulk).await? else { return Ok((0, 0)) };
        let (mut next, mut affected) = (0, 0);
        while next < rows.len() {
            let Some((count, columns, keys)) = self.bind_chunk(&plan, rows, next).await? else { break };
            let sent = self.send_chunk(&plan, count, &columns, keys, returned).await;
            if sent.is_err() {
                // The plan was made of it.
                self.link.evict(sql);
            }
            affected += sent?;
            next += count;
        }
        Ok((next, affected))
    }

    /// The plan for a statement, made once per connection.
    async fn bulk_plan(&mut self, sql: &str, single: &Prepared, bulk: &Bulk<'_>) -> Result<Option<Arc<Plan>>> {
        if let Some(plan) = self.plans.get(sql) {
            return Ok(plan.clone());
        }
        let plan = self.make_plan(single, bulk).await?.map(Arc::new);
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        self.plans.insert(sql.to_owned(), plan.clone());
        Ok(plan)
    }

    async fn make_plan(&mut self, single: &Prepared, bulk: &Bulk<'_>) -> Result<Option<Plan>> {
        let given = single.statement.params();
        if given.len() != bulk.columns.len() {
            // Some parameters are not of the rows.
            return Ok(None);
        }
        let Some(slots) = given.iter().map(element).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let mut types: Vec<String> = given.iter().map(type_name).collect();
        let (mut columns, mut returning) = (bulk.columns.to_vec(), bulk.returning.to_vec());
        let (mut made, mut parts, mut back, mut counted, mut echo) = (None, Vec::new(), Vec::new(), false, None);
        let (wanted, found) = (!returning.is_empty(), bulk.conflict().is_some());
        if wanted || found {
            let Some(defaults) = self.defaults(bulk).await? else { return Ok(None) };
            let mut missing = Vec::new();
            for column in bulk.own_key() {
                let at = columns.iter().position(|given| given.name == column.name);
                parts.push(match at {
                    Some(at) if given.get(at).is_some_and(comes_back_alike) => Part::Given(at),
                    Some(_) => return Ok(None),
                    None => {
                        let found = defaults.iter().find(|found| found.name == column.name);
                        let Some((found, expression)) = found.and_then(|one| Some((one, one.expression.clone()?)))
                        else {
                            return Ok(None);
                        };
                        counted |= found.always;
                        missing.push((*column, expression, found.ty.clone()));
                        Part::Made(missing.len() - 1)
                    }
                });
                if wanted {
                    back.push(position_or_add(&mut returning, column));
                }
            }
            if !missing.is_empty() {
                let expressions: Vec<_> = missing.iter().map(|(_, text, ty)| (text.clone(), ty.clone())).collect();
                let text = Writer::make_keys(&expressions);
                let prepared = self.prepare(&text).await?;
                let found: Vec<Type> =
                    prepared.statement.columns().iter().map(|column| column.type_().clone()).collect();
                let Some(slots) = found.iter().map(element).collect() else { return Ok(None) };
                types.extend(found.iter().map(type_name));
                columns.extend(missing.iter().map(|(column, ..)| *column));
                if let ([key], [wanted], [ty]) = (&bulk.key[..], &bulk.returning[..], &found[..])
                    && key.name == wanted.name
                {
                    echo = Some((ty.clone(), [Form::of(ty)]));
                    (returning, parts, back) = (Vec::new(), Vec::new(), Vec::new());
                }
                made = Some(Made { text, slots });
            }
        }
        let insert = Insert { table: bulk.table, columns: &columns, returning: &returning, existing: bulk.existing };
        let text = Writer::insert_arrays(&insert, &types, counted)?;
        let skips = bulk.conflict().is_some_and(|conflict| conflict.set.is_empty());
        Ok(Some(Plan { text, slots, made, parts, back, echo, once: found, skips }))
    }

    /// What the catalog says of the key's columns; `None` where rows may not be stored as they are given.
    async fn defaults(&mut self, bulk: &Bulk<'_>) -> Result<Option<Vec<Default>>> {
        let key = bulk.own_key();
        if key.is_empty() {
            return Ok(None);
        }
        let table = Writer::table_text(Dialect::Postgres, bulk.table);
        let names = key.iter().map(|column| Value::Text(column.name.into())).collect();
        let mut found = Vec::new();
        let mut each = |row: &Row<'_>| {
            let text = |at| row.text(at).map(|text| text.map(std::borrow::Cow::into_owned));
            found.push(Default {
                name: text(0)?.unwrap_or_default(),
                ty: text(1)?.unwrap_or_default(),
                expression: text(2)?,
                always: row.bool(3)?.unwrap_or(false),
            });
            Ok(())
        };
        self.run(KEYS, &[Value::Text(table.into()), Value::List(names)], &mut each, None).await?;
        Ok((found.len() == key.len()).then_some(found))
    }

    /// Binds as many rows as go into one statement: how many, their columns and their keys. `None` when a value has no
    /// binary form, or a key is NULL.
    async fn bind_chunk(
        &mut self,
        plan: &Plan,
        rows: &mut dyn Rows,
        first: usize,
    ) -> Result<Option<(usize, Vec<Column>, Keys)>> {
        let mut columns: Vec<Column> = plan.slots.iter().map(|&(form, oid)| Column::new(form, oid)).collect();
        let (mut count, mut seen) = (0, FxHashSet::default());
        while first + count < rows.len() && count < ROWS && columns.iter().map(Column::size).sum::<usize>() < BYTES {
            let mut at = 0;
            let mut fits = true;
            rows.bind(first + count, &mut |value| {
                if let Some(column) = columns.get_mut(at) {
                    fits &= column.push(value)?;
                }
                at += 1;
                Ok(())
            })?;
            if !fits || at != columns.len() {
                return Ok(None);
            }
            if plan.once {
                let Some(key) = plan.key(&columns, count) else { return Ok(None) };
                if !seen.insert(key) {
                    columns.iter_mut().for_each(|column| column.truncate(count));
                    break;
                }
            }
            count += 1;
        }
        if let Some(made) = &plan.made {
            columns.extend(self.make_keys(made, count).await?);
        }
        let mut keys = Keys::default();
        for row in 0..count {
            if !plan.add_key(&columns, row, &mut keys.bytes) {
                return Ok(None);
            }
            keys.ends.push(keys.bytes.len());
        }
        Ok(Some((count, columns, keys)))
    }

    /// Lets the server make keys.
    async fn make_keys(&mut self, made: &Made, count: usize) -> Result<Vec<Column>> {
        let mut columns: Vec<Column> = made.slots.iter().map(|&(form, oid)| Column::new(form, oid)).collect();
        let mut each = |row: &Row<'_>| {
            if let Source::Postgres(cursor) = row.source() {
                for (at, column) in columns.iter_mut().enumerate() {
                    column.push_raw(cursor.raw(at)?);
                }
            }
            Ok(())
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.run(&made.text, &[Value::Int(count)], &mut each, None).await?;
        Ok(columns)
    }

    async fn send_chunk(
        &mut self,
        plan: &Plan,
        count: usize,
        columns: &[Column],
        keys: Keys,
        returned: &mut Returned<'_>,
    ) -> Result<u64> {
        let prepared = self.prepare(&plan.text).await?;
        let mut bound = Bound::default();
        columns.iter().for_each(|column| bound.push_column(column));
        self.begin_request();
        let outcome = self.exchange_chunk(plan, &prepared, &bound, (count, columns, keys), returned).await;
        match outcome {
            Ok(done) => {
                self.state.in_flight = false;
                if done.is_err() {
                    self.plans.clear();
                }
                done
            }
            Err(fault) => {
                // The table may be another one by now.
                self.plans.clear();
                if error::is_stale_statement(&fault) {
                    self.link.evict(&plan.text);
                }
                Err(self.failed(fault, &plan.text))
            }
        }
    }

    /// The server's error outside, that of the caller inside.
    async fn exchange_chunk(
        &self,
        plan: &Plan,
        prepared: &Prepared,
        bound: &Bound,
        (count, columns, keys): (usize, &[Column], Keys),
        returned: &mut Returned<'_>,
    ) -> Result<Result<u64>, tokio_postgres::Error> {
        let mut waiting = Waiting::alone(&self.link);
        let stream = waiting.wait(self.link.query(prepared, bound)).await?;
        let mut stream = pin!(stream);
        let each = match returned {
            Returned::Rows(each) if plan.echo.is_none() => each,
            returned => {
                while let Some(row) = waiting.next(stream.as_mut()).await {
                    row?;
                }
                let affected = stream.rows_affected().unwrap_or(0);
                return Ok(match returned {
                    Returned::Rows(each) => plan.hand_out_keys(affected, count, columns, &mut **each),
                    _ => Ok(affected),
                });
            }
        };
        let mut order = Order { keys, next: 0, later: FxHashMap::default(), key: Vec::new() };
        let mut outcome = Ok(());
        while let Some(row) = waiting.next(stream.as_mut()).await {
            let row = row?;
            if outcome.is_ok() {
                outcome = order.take(row, plan, &prepared.forms, &mut **each);
            }
        }
        Ok(outcome.and_then(|()| order.finish(count, plan, &prepared.forms, &mut **each)))
    }
}

/// Hands rows out in the order of their keys.
struct Order {
    keys: Keys,
    next: usize,
    /// Rows that came before their turn.
    later: FxHashMap<Vec<u8>, tokio_postgres::Row>,
    key: Vec<u8>,
}

/// Takes a row.
type Hand<'h> = &'h mut (dyn FnMut(&Row<'_>) -> Result<()> + Send);

impl Order {
    fn take(&mut self, row: tokio_postgres::Row, plan: &Plan, forms: &[Form], each: Hand<'_>) -> Result<()> {
        self.key.clear();
        let cursor = Cursor::new(&row, forms);
        for &at in &plan.back {
            add_part(&mut self.key, cursor.raw(at)?.unwrap_or_default());
        }
        if self.keys.get(self.next) == Some(self.key.as_slice()) {
            each(&Row::new(Source::Postgres(cursor)))?;
            self.next += 1;
        } else {
            self.later.insert(std::mem::take(&mut self.key), row);
        }
        Ok(())
    }

    /// Hands out what is left, and says how many rows came in all.
    fn finish(mut self, count: usize, plan: &Plan, forms: &[Form], each: Hand<'_>) -> Result<u64> {
        let mut skipped = 0;
        while self.next < count {
            let row = self.keys.get(self.next).and_then(|key| self.later.remove(key));
            let Some(row) = row else {
                if plan.skips {
                    (self.next, skipped) = (self.next + 1, skipped + 1);
                    continue;
                }
                let message = "a row did not come back under the key that it was inserted with: something on the \
                    server changes keys; insert such rows one by one";
                return Err(Error::query(message));
            };
            each(&Row::new(Source::Postgres(Cursor::new(&row, forms))))?;
            self.next += 1;
        }
        Ok((count - skipped) as u64)
    }
}

fn position_or_add(returning: &mut Vec<&'static ColumnMeta>, column: &'static ColumnMeta) -> usize {
    match returning.iter().position(|known| known.name == column.name) {
        Some(at) => at,
        None => {
            returning.push(column);
            returning.len() - 1
        }
    }
}

/// The form and number of a type that can be an array's element. An array of arrays would be taken apart.
fn element(ty: &Type) -> Option<(Form, u32)> {
    match Slot::of(ty) {
        Slot::One(Form::Other | Form::Char | Form::Interval | Form::Inet | Form::Versioned) | Slot::Many(..) => None,
        Slot::One(form) => Some((form, ty.oid())),
    }
}

/// Whether a value comes back as it was given, byte for byte.
fn comes_back_alike(ty: &Type) -> bool {
    matches!(
        *ty,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::TEXT | Type::VARCHAR | Type::UUID | Type::DATE | Type::BYTEA
    ) || matches!(ty.kind(), Kind::Enum(_))
}

fn type_name(ty: &Type) -> String {
    let mut name = String::new();
    Dialect::Postgres.quote_ident(&mut name, ty.schema());
    name.push('.');
    Dialect::Postgres.quote_ident(&mut name, ty.name());
    name
}
