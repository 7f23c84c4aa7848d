//! Rows that were read enter the session, with everything that was included.

use super::arena::Arena;
use super::key::Key;
use crate::error::Result;
use crate::query::{Keyed, LockedQuery, Query};
use crate::relation::IncludeList;

/// Where loaded rows go.
#[doc(hidden)]
pub struct Loader<'a>(pub(super) &'a mut Arena);

/// What a query with includes gives per row: the row, and rows that are related to it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded into a session",
    label = "every model of the query needs a primary key"
)]
pub trait Absorb: Send {
    /// The key of the row itself.
    type Key: Send;

    #[doc(hidden)]
    fn absorb(self, into: &mut Loader<'_>) -> Result<Self::Key>;
}

/// What a session loads: a query of the rows of a model with a primary key, with or without what is included, locked or
/// not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded into a session",
    label = "expected a query of whole rows of one model that has a primary key, as those that it includes"
)]
pub trait Loadable {
    /// The model.
    type Model: Keyed;
    /// What is loaded along.
    type Includes: IncludeList<Self::Model, Row: Absorb<Key = Key<Self::Model>>>;

    #[doc(hidden)]
    fn into_query(self) -> Query<Self::Model, Self::Model, Self::Includes>;
}

impl<M: Keyed, I: IncludeList<M, Row: Absorb<Key = Key<M>>>> Loadable for Query<M, M, I> {
    type Model = M;
    type Includes = I;

    fn into_query(self) -> Self {
        self
    }
}

impl<M: Keyed, I: IncludeList<M, Row: Absorb<Key = Key<M>>>, W> Loadable for LockedQuery<M, M, I, W> {
    type Model = M;
    type Includes = I;

    fn into_query(self) -> Query<M, M, I> {
        self.unwrapped()
    }
}

impl<M: Keyed> Absorb for M {
    type Key = Key<M>;

    fn absorb(self, into: &mut Loader<'_>) -> Result<Key<M>> {
        let index = into.0.absorb(self)?;
        Ok(Key::new(into.0.session, index))
    }
}

impl<R: Absorb> Absorb for Vec<R> {
    type Key = ();

    fn absorb(self, into: &mut Loader<'_>) -> Result<()> {
        self.into_iter().try_for_each(|row| row.absorb(into).map(drop))
    }
}

impl<R: Absorb> Absorb for Option<R> {
    type Key = ();

    fn absorb(self, into: &mut Loader<'_>) -> Result<()> {
        self.map_or(Ok(()), |row| row.absorb(into).map(drop))
    }
}

macro_rules! tuples {
    ($($R:ident $at:tt),*) => {
        impl<A: Absorb, $($R: Absorb),*> Absorb for (A, $($R,)*) {
            type Key = A::Key;

            fn absorb(self, into: &mut Loader<'_>) -> Result<A::Key> {
                let key = self.0.absorb(into)?;
                $(drop(self.$at.absorb(into)?);)*
                Ok(key)
            }
        }
    };
}

tuples!(B 1);
tuples!(B 1, C 2);
tuples!(B 1, C 2, D 3);
tuples!(B 1, C 2, D 3, E 4);
tuples!(B 1, C 2, D 3, E 4, F 5);
tuples!(B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
