//! Many rows by COPY, where nothing of them is wanted back: the server stores them in portions, without a plan and without
//! taking arrays apart.
//!
//! Values go in their binary form, so the type of every column must be the one that the INSERT was bound for. COPY knows no
//! rules, no views and no policies for rows; and it writes over what the server counts without being told to. So the
//! catalog is asked first, and where it does not show a plain table, rows go as arrays.
//!
//! Source: the manual on COPY, "Binary Format" and the notes on rules, row-level security and identity columns.

use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use super::bind::Column;
use super::{Session, Waiting};
use crate::driver::Bulk;
use crate::error::{Error, Result};
use crate::row::Row;
use crate::sql::{Dialect, Writer};
use crate::value::Value;

/// Fewer rows are not worth a second round trip.
pub(super) const LEAST: usize = 500;
/// What a stream in binary form begins with: its signature, no flags, and nothing else.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// And what it ends with, in the place of a number of columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The names and types of some columns that COPY fills just as INSERT does.
const COLUMNS: &str = "SELECT a.attname::text, a.atttypid::bigint \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
    WHERE c.oid = $1::text::regclass AND c.relkind IN ('r', 'p') AND NOT c.relhasrules AND NOT c.relrowsecurity \
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($2::text[]) AND a.attidentity <> 'a' \
    AND a.attgenerated = ''";

impl Session {
    /// The COPY that stores rows of these columns, bound as parameters of these types, just as the INSERT does; `None` where
    /// that is not known to be so.
    pub(super) async fn copy_text(&mut self, bulk: &Bulk<'_>, given: &[Type]) -> Result<Option<String>> {
        let table = Writer::table_text(Dialect::Postgres, bulk.table);
        let names = bulk.columns.iter().map(|column| Value::Text(column.name.into())).collect();
        let mut same = 0;
        let mut each = |row: &Row<'_>| {
            let name = row.text(0)?.unwrap_or_default();
            let at = bulk.columns.iter().position(|column| column.name == name);
            let wanted = at.and_then(|at| given.get(at)).map(|ty| i64::from(ty.oid()));
            same += usize::from(wanted.is_some() && wanted == row.int(1)?);
            Ok(())
        };
        self.run(COLUMNS, &[Value::Text(table.into()), Value::List(names)], &mut each, None).await?;
        Ok((same == bulk.columns.len()).then(|| Writer::copy_rows(bulk.table, &bulk.columns)))
    }

    /// Sends rows, and says how many were stored: the server's error outside, a row that is too large inside.
    pub(super) async fn copy(
        &self,
        statement: &Statement,
        count: usize,
        columns: &[Column],
    ) -> Result<Result<u64>, tokio_postgres::Error> {
        let rows = match stream(count, columns) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        let mut waiting = Waiting::alone(&self.link);
        let sink = waiting.wait(self.link.client.copy_in::<_, Bytes>(statement)).await?;
        let mut sink = pin!(sink);
        // Where the server refuses a row, the end of the stream says why.
        let _ = waiting.wait(sink.send(rows)).await;
        waiting.wait(sink.finish()).await.map(Ok)
    }
}

/// Rows in binary form: for each the number of its columns, and each of these behind its length.
fn stream(count: usize, columns: &[Column]) -> Result<Bytes> {
    let width = i16::try_from(columns.len()).map_err(|_| Error::query("a table has not that many columns"))?;
    let size = columns.iter().map(Column::size).sum::<usize>() + HEADER.len() + 2 * (count + 1);
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(HEADER);
    for row in 0..count {
        out.extend_from_slice(&width.to_be_bytes());
        for column in columns {
            out.extend_from_slice(column.field(row));
        }
    }
    out.extend_from_slice(&TRAILER);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::*;

    #[test]
    fn rows_are_written_field_by_field() {
        let mut numbers = Column::new(Form::Int2, Type::INT2.oid());
        let mut texts = Column::new(Form::Text, Type::TEXT.oid());
        for (number, text) in [(Value::Int(7), Value::Text("ab".into())), (Value::Null, Value::Text("".into()))] {
            assert!(numbers.push(&number).unwrap() && texts.push(&text).unwrap());
        }
        let rows = [0, 2, 0, 0, 0, 2, 0, 7, 0, 0, 0, 2, b'a', b'b', 0, 2, 255, 255, 255, 255, 0, 0, 0, 0];
        let expected = [HEADER, &rows, &[255, 255]].concat();
        assert_eq!(stream(2, &[numbers, texts]).unwrap(), expected);
    }
}
