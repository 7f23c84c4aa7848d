//! What setters of columns that may be NULL take: a value, or an `Option` that somebody has at hand.

use super::model::{IntoRef, Keyed, Ref};

/// It is a value, or what becomes one.
#[derive(Debug)]
pub enum Given {}
/// It is a value or none.
#[derive(Debug)]
pub enum Perhaps {}

/// A value of a column that may be NULL: a `T`, what becomes one, or an `Option<T>`. `H` tells these apart and is found by
/// the compiler; two impls without it would both be meant for a `T` that is made of an `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a column that holds `{T}` or NULL",
    label = "expected `{T}`, what becomes one, or `Option<{T}>`",
    note = "of an `Option` the value has to be a `{T}`: `name.map(Into::into)` of an `Option<&str>`; a text that is there goes without `Some`"
)]
pub trait IntoNullable<T, H> {
    /// The value; `None` is NULL.
    fn into_nullable(self) -> Option<T>;
}

// Else the compiler says of an `Option` that it does not become a value.
#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> IntoNullable<T, Given> for V {
    fn into_nullable(self) -> Option<T> {
        Some(self.into())
    }
}

impl<T> IntoNullable<T, Perhaps> for Option<T> {
    fn into_nullable(self) -> Option<T> {
        self
    }
}

/// The same of a foreign key: whatever stands for a row, or an `Option` of the row's key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to a `{M}`",
    label = "expected a `&{M}`, the value of its primary key, or an `Option` of that"
)]
pub trait IntoNullableRef<M: Keyed, H> {
    /// The reference; `None` is NULL.
    fn into_nullable_ref(self) -> Option<Ref<M>>;
}

#[diagnostic::do_not_recommend]
impl<M: Keyed, V: IntoRef<M>> IntoNullableRef<M, Given> for V {
    fn into_nullable_ref(self) -> Option<Ref<M>> {
        Some(self.into_ref())
    }
}

impl<M: Keyed> IntoNullableRef<M, Perhaps> for Option<M::Key> {
    fn into_nullable_ref(self) -> Option<Ref<M>> {
        self.map(Ref::new)
    }
}
