//! One statement for many rows.
//!
//! The prepared statement is sent once per row without waiting for replies, which come in the order of the requests:
//! what a row gave back is matched to it by construction, whatever the server does inside a statement. Rows that many
//! can go into one statement are left to `bulk`. A single row goes as every other statement does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio_postgres::RowStream;

use super::bulk::LEAST;
use super::{Prepared, Session, Waiting, bind_all, error, read_all};
use crate::driver::{Returned, Rows, of_row};
use crate::error::{Error, ErrorKind, Result};

/// Rows that are sent before the first reply is read.
const WINDOW: usize = 512;
/// A smaller window where the rows are long.
const WINDOW_BYTES: usize = 1 << 20;

type Reply<'a> = Pin<Box<dyn Future<Output = Result<RowStream, tokio_postgres::Error>> + Send + 'a>>;

impl Session {
    /// Runs a statement for every row of parameters and says how many rows it changed.
    pub(super) async fn run_rows(&mut self, sql: &str, rows: &mut dyn Rows, mut returned: Returned<'_>) -> Result<u64> {
        if let Returned::Keys(_) = returned {
            let kind = ErrorKind::Unsupported { feature: "keys without RETURNING", dialect: "PostgreSQL" };
            return Err(Error::new(kind, "PostgreSQL gives keys back by RETURNING only"));
        }
        let prepared = self.prepare(sql).await?;
        let (mut next, mut affected) = match rows.len() < LEAST {
            true => (0, 0),
            // Kept apart, as it needs much room.
            false => Box::pin(self.run_bulk(sql, &prepared, rows, &mut returned)).await?,
        };
        while next < rows.len() {
            let first = next;
            self.bound.clear();
            while next < rows.len() && next - first < WINDOW && self.bound.size() < WINDOW_BYTES {
                bind_all(&mut self.bound, &prepared, &mut |put| rows.bind(next, put))?;
                next += 1;
            }
            let done = self.run_window(sql, &prepared, next - first, &mut returned).await;
            affected += done.map_err(|(row, error)| of_row(error, rows, first + row))?;
        }
        Ok(affected)
    }

    /// Sends all rows that are bound, then reads all replies. A single one goes again where the statement did not fit
    /// any more and nothing else depends on it. An error comes with the row of it.
    async fn run_window(
        &mut self,
        sql: &str,
        prepared: &Arc<Prepared>,
        rows: usize,
        returned: &mut Returned<'_>,
    ) -> Result<u64, (usize, Error)> {
        let mut prepared = Arc::clone(prepared);
        let mut again = rows == 1 && !self.state.in_transaction;
        loop {
            self.begin_request();
            let outcome = match rows {
                1 => self.exchange_one(&prepared, returned).await,
                // Kept apart, as it needs much room.
                _ => Box::pin(self.exchange(&prepared, rows, returned)).await,
            };
            let (row, error) = match outcome {
                Ok(done) => return done,
                Err(fault) => fault,
            };
            let stale = error::is_stale_statement(&error);
            if stale {
                self.link.evict(sql);
            }
            if !(stale && std::mem::take(&mut again)) {
                return Err((row, self.failed(error, sql)));
            }
            self.state.in_flight = false;
            prepared = self.prepare(sql).await.map_err(|error| (row, error))?;
            if prepared.slots.len() != self.bound.len() {
                return Err((row, error::of_statement(error, sql)));
            }
        }
    }

    /// The same as [`Session::exchange`] for a single row, which goes as every other statement does.
    async fn exchange_one(
        &mut self,
        prepared: &Prepared,
        returned: &mut Returned<'_>,
    ) -> Result<Result<u64, (usize, Error)>, (usize, tokio_postgres::Error)> {
        let done = match returned {
            Returned::Rows(each) => self.send(prepared, &mut **each, None).await,
            _ => self.send(prepared, &mut |_| Ok(()), None).await,
        };
        done.map(|done| done.map_err(|error| (0, error))).map_err(|fault| (0, fault))
    }

    /// The server's first error outside, that of the caller inside, each with the row of it. All replies are read in any
    /// case, and it is noted that nothing is in flight, unless the server failed.
    async fn exchange(
        &mut self,
        prepared: &Arc<Prepared>,
        rows: usize,
        returned: &mut Returned<'_>,
    ) -> Result<Result<u64, (usize, Error)>, (usize, tokio_postgres::Error)> {
        let width = prepared.slots.len();
        let mut waiting = Waiting::alone(&self.link);
        let mut replies: Vec<(Reply<'_>, Option<Result<RowStream, tokio_postgres::Error>>)> = Vec::with_capacity(rows);
        for row in 0..rows {
            let params = self.bound.params(row * width, width);
            let mut reply: Reply<'_> = Box::pin(self.link.client.query_raw(&prepared.statement, params));
            // The first poll sends. The reply is polled again by whoever waits for it, so no waker is needed here.
            let ready = match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Ready(done) => Some(done),
                std::task::Poll::Pending => None,
            };
            replies.push((reply, ready));
        }
        let (mut affected, mut fault, mut refused) = (0, None, None);
        for (row, (reply, ready)) in replies.into_iter().enumerate() {
            let stream = match ready {
                Some(done) => done,
                None => waiting.wait(reply).await,
            };
            let read = match stream {
                Ok(stream) => {
                    read_reply(&mut waiting, stream, prepared, returned, refused.is_some() || fault.is_some()).await
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(Ok(rows)) => affected += rows,
                Ok(Err(error)) => refused = refused.or(Some((row, error))),
                Err(error) => fault = fault.or(Some((row, error))),
            }
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        self.state.in_flight = false;
        Ok(refused.map_or(Ok(affected), Err))
    }
}

/// Reads what came back for one row.
async fn read_reply(
    waiting: &mut Waiting<'_>,
    stream: RowStream,
    prepared: &Prepared,
    returned: &mut Returned<'_>,
    ignored: bool,
) -> Result<Result<u64>, tokio_postgres::Error> {
    let reading = match returned {
        Returned::Rows(each) if !ignored => pin!(read_all(waiting, stream, prepared, &mut **each, true, None)).await?,
        _ => read_all(waiting, stream, prepared, &mut |_| Ok(()), true, None).await?,
    };
    Ok(reading.0)
}
