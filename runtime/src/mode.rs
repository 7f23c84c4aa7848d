//! Async and blocking: the terminal methods are written once as futures, and a mode decides how they are run.

use std::future::Future;
use std::pin::Pin;

use crate::error::Result;
use crate::rt;

/// How a terminal method gives its result. Implemented by [`Async`] and [`Blocking`] only.
pub trait Mode: sealed::Sealed + Sized + Send + Sync + 'static {
    /// What a terminal method returns: a boxed future, or the result itself.
    type Out<'a, T: Send + 'a>;

    /// Runs a future in this mode.
    #[doc(hidden)]
    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T>;
}

/// Terminal methods return futures.
#[derive(Debug, Clone, Copy)]
pub enum Async {}

/// Terminal methods block the thread until they are done.
#[derive(Debug, Clone, Copy)]
pub enum Blocking {}

impl Mode for Async {
    type Out<'a, T: Send + 'a> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T> {
        Box::pin(future)
    }
}

impl Mode for Blocking {
    type Out<'a, T: Send + 'a> = Result<T>;

    fn run<'a, T: Send + 'a>(future: impl Future<Output = Result<T>> + Send + 'a) -> Self::Out<'a, T> {
        rt::block_on(future)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Async {}
    impl Sealed for super::Blocking {}
}
