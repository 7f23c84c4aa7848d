//! Keys of rows in a session: small, copyable and typed.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::query::{IntoRef, Keyed, Ref};

/// A row that a session can hold: a model, or a row of it that is not stored yet. Implemented by generated code.
#[diagnostic::on_unimplemented(
    message = "a session cannot hold `{Self}`",
    label = "only models with a primary key and their new rows can be in a session"
)]
pub trait Entity: Send + Sync + Sized + 'static {
    /// The model: the row's own type, or what the new row becomes.
    type Model: Keyed;
}

/// A row in a session. `session[key]` is the row; a foreign key's argument takes the key in place of an id.
///
/// A key belongs to the session that gave it out, and to what [`Session::commit`](crate::Session::commit) makes of it.
pub struct Key<T> {
    pub(super) session: u32,
    pub(super) index: u32,
    ty: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    pub(super) fn new(session: u32, index: u32) -> Self {
        Self { session, index, ty: PhantomData }
    }

    /// The number that stands for this row in a reference: its session and its place there.
    pub(super) fn number(self) -> u64 {
        u64::from(self.session) << 32 | u64::from(self.index)
    }
}

/// The session and the place of a row, out of the number of a reference.
pub(super) fn parts(number: u64) -> (u32, u32) {
    // Both halves fit by construction.
    ((number >> 32) as u32, (number & u64::from(u32::MAX)) as u32)
}

impl<M: Keyed, T: Entity<Model = M>> IntoRef<M> for Key<T> {
    fn into_ref(self) -> Ref<M> {
        Ref::pending(self.number())
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session && self.index == other.index
    }
}

impl<T> Eq for Key<T> {}

impl<T> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<T>();
        let name = name.rsplit("::").next().unwrap_or(name);
        write!(f, "Key<{name}>({})", self.index)
    }
}
