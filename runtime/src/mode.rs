//! Async and blocking: the terminal methods are written once as futures, and a mode decides how they are run.

use std::future::{Future, ready};
use std::pin::Pin;

use crate::error::{Error, Result};
use crate::rt;

/// How a terminal method gives its result. Implemented by [`Async`] and [`Blocking`] only.
pub trait Mode: sealed::Sealed + Sized + Send + Sync + 'static {
    /// What a terminal method returns: a boxed future, or the result itself.
    type Out<'a, T: Send + 'a>;

    /// The same with an error type of the caller's.
    type Tried<'a, T: Send + 'a, E: Send + 'a>;

    /// Runs a future in this mode.
    #[doc(hidden)]
    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T>;

    /// Runs a future with an error type of the caller's.
    #[doc(hidden)]
    fn run_tried<'a, T: Send + 'a, E: Send + 'a>(
        future: impl Future<Output = Result<T, E>> + Send + 'a,
    ) -> Self::Tried<'a, T, E>;
}

/// Terminal methods return futures.
#[derive(Debug, Clone, Copy)]
pub enum Async {}

/// Terminal methods block the thread until they are done.
#[derive(Debug, Clone, Copy)]
pub enum Blocking {}

impl Mode for Async {
    type Out<'a, T: Send + 'a> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
    type Tried<'a, T: Send + 'a, E: Send + 'a> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T> {
        Box::pin(future)
    }

    fn run_tried<'a, T: Send + 'a, E: Send + 'a>(
        future: impl Future<Output = Result<T, E>> + Send + 'a,
    ) -> Self::Tried<'a, T, E> {
        Box::pin(future)
    }
}

impl Mode for Blocking {
    type Out<'a, T: Send + 'a> = Result<T>;
    type Tried<'a, T: Send + 'a, E: Send + 'a> = Result<T, E>;

    #[inline]
    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T> {
        rt::block_on(future)
    }

    fn run_tried<'a, T: Send + 'a, E: Send + 'a>(
        future: impl Future<Output = Result<T, E>> + Send + 'a,
    ) -> Self::Tried<'a, T, E> {
        rt::block_on(future)
    }
}

/// What the closure of a transaction returns in a mode: a future that can be sent between threads, or a `Result`.
#[diagnostic::on_unimplemented(
    message = "the closure of a transaction must return a `Result`, or in async mode a `Send` future of one",
    label = "this closure's return value does not fit",
    note = "async: `db.transaction(async |tx| …)`; blocking: `db.transaction(|tx| …)`"
)]
pub trait Outcome<M: Mode>: Send {
    /// The value of success.
    type Value: Send;
    /// The error.
    type Error: From<Error> + Send + 'static;

    /// The future of both.
    #[doc(hidden)]
    fn settle(self) -> impl Future<Output = Result<Self::Value, Self::Error>> + Send;
}

impl<F, T, E> Outcome<Async> for F
where
    F: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: From<Error> + Send + 'static,
{
    type Value = T;
    type Error = E;

    fn settle(self) -> impl Future<Output = Result<T, E>> + Send {
        self
    }
}

impl<T, E> Outcome<Blocking> for Result<T, E>
where
    T: Send,
    E: From<Error> + Send + 'static,
{
    type Value = T;
    type Error = E;

    fn settle(self) -> impl Future<Output = Result<T, E>> + Send {
        ready(self)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Async {}
    impl Sealed for super::Blocking {}
}
