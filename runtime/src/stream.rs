//! Rows one after another, read from the database as they are asked for.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::driver::Gate;
use crate::error::{Error, Result};
use crate::mode::{Async, Blocking, Mode};
use crate::row::Row;
use crate::rt;

/// So many rows are read ahead of those that were taken.
const AHEAD: usize = 128;

/// Rows one after another: as many as there are, however large the result, with a few in memory at a time.
///
/// In async mode it is a [`Stream`](futures_core::Stream) with [`RowStream::next`] of its own, in blocking mode an [`Iterator`].
/// Nothing is sent before the first row is asked for. It holds a connection until the last row was read, an error came
/// or it is dropped; dropped before the end, it stops the statement. In a transaction no other statement runs meanwhile.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pilaster::Result<()> {
/// # let db = pilaster::Db::connect("sqlite::memory:").await?;
/// let mut rows = db.sql("VALUES (1), (2), (3)").stream::<i64>();
/// let mut sum = 0;
/// while let Some(row) = rows.next().await {
///     sum += row?;
/// }
/// assert_eq!(sum, 6);
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent before a row is asked for"]
pub struct RowStream<'e, M: Mode, T> {
    /// Reads rows into the buffer; `None` when it has ended.
    source: Option<Source<'e>>,
    buffer: Arc<Buffer<T>>,
    taken: std::vec::IntoIter<T>,
    /// What ended it; comes behind the rows that were read before.
    error: Option<Error>,
    mode: PhantomData<fn() -> M>,
}

type Source<'e> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'e>>;

/// Where rows wait to be taken.
struct Buffer<T> {
    gate: Gate,
    rows: Mutex<Vec<T>>,
}

impl<T> Buffer<T> {
    fn push(&self, row: T) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push(row);
        if rows.len() >= AHEAD {
            self.gate.close();
        }
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a stream's rows go, on the side of the statement.
pub(crate) struct Sink<T>(Arc<Buffer<T>>);

impl<T: Send> Sink<T> {
    /// What takes each row, and what holds the statement up.
    pub(crate) fn fill<'s>(
        &'s self,
        mut read: impl FnMut(&Row<'_>) -> Result<T> + Send + 's,
    ) -> (impl FnMut(&Row<'_>) -> Result<()> + Send + 's, &'s Gate) {
        let each = move |row: &Row<'_>| {
            self.0.push(read(row)?);
            Ok(())
        };
        (each, &self.0.gate)
    }
}

impl<'e, M: Mode, T: Send + 'e> RowStream<'e, M, T> {
    /// Rows of a statement, which `run` sends.
    pub(crate) fn new<F>(run: impl FnOnce(Sink<T>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'e,
    {
        let buffer = Arc::new(Buffer { gate: Gate::default(), rows: Mutex::default() });
        let source: Source<'e> = Box::pin(run(Sink(Arc::clone(&buffer))));
        Self { source: Some(source), buffer, taken: Vec::new().into_iter(), error: None, mode: PhantomData }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(row) = self.taken.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            if let Some(error) = self.error.take() {
                return Poll::Ready(Some(Err(error)));
            }
            let Some(source) = &mut self.source else { return Poll::Ready(None) };
            // A source that stopped at the gate goes on; one that waits for the server has left a waker there.
            self.buffer.gate.open();
            let polled = source.as_mut().poll(context);
            self.taken = self.buffer.take().into_iter();
            match polled {
                Poll::Ready(outcome) => {
                    self.source = None;
                    self.error = outcome.err();
                }
                Poll::Pending if self.taken.len() == 0 => return Poll::Pending,
                Poll::Pending => {}
            }
        }
    }
}

impl<'e, T: Send + 'e> RowStream<'e, Async, T> {
    /// The next row; `None` behind the last one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| self.poll(context)).await
    }
}

impl<'e, T: Send + 'e> futures_core::Stream for RowStream<'e, Async, T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.get_mut().poll(context)
    }
}

impl<'e, T: Send + 'e> Iterator for RowStream<'e, Blocking, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.taken.next() {
            Some(row) => Some(Ok(row)),
            None => rt::block_on(poll_fn(|context| self.poll(context))),
        }
    }
}

// Rows are moved out of it; only the future needs to stay, and that one is boxed.
impl<M: Mode, T> Unpin for RowStream<'_, M, T> {}

impl<M: Mode, T> std::fmt::Debug for RowStream<'_, M, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowStream").field("ended", &self.source.is_none()).finish_non_exhaustive()
    }
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests {
    use futures_core::Stream as _;

    use super::*;

    /// Compiles only as long as it is a stream that can be sent to another thread.
    fn is_stream<S: futures_core::Stream<Item = Result<i64>> + Send + Unpin>(stream: S) -> S {
        stream
    }

    #[tokio::test]
    async fn it_is_a_stream() {
        let db = crate::Db::connect("sqlite::memory:").await.unwrap();
        let mut rows = is_stream(db.sql("VALUES (1), (2)").stream::<i64>());
        let mut found = Vec::new();
        while let Some(row) = poll_fn(|context| Pin::new(&mut rows).poll_next(context)).await {
            found.push(row.unwrap());
        }
        assert_eq!(found, [1, 2]);
        assert!(format!("{rows:?}").contains("ended: true"));
    }
}
