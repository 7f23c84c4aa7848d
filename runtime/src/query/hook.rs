//! What a program does before its rows are written, as its spec declares.

use super::insert::Insertable;
use super::model::{Keyed, Model};
use crate::error::Result;
use crate::meta::ModelMeta;

/// Called before a new row is inserted. Asked for by `hooks: [before_insert]` in the spec; implemented for the new row,
/// `NewUser`.
///
/// It may change the row, and an error keeps it from being inserted: [`Error::refused`](crate::Error::refused) makes
/// one. It is called by the flush of a session, by `insert` and by `insert_many`, there for all rows before the first is
/// sent; never by hand-written SQL. A flush that comes to nothing calls it again the next time.
#[diagnostic::on_unimplemented(
    message = "the spec declares `hooks: [before_insert]`, and `{Self}` does not implement `pilaster::BeforeInsert`",
    label = "write `impl pilaster::BeforeInsert for {Self}`, or remove the hook from the spec"
)]
pub trait BeforeInsert: Insertable {
    /// What is done with the row before it is sent.
    ///
    /// # Errors
    /// Whatever keeps the row from being inserted.
    fn before_insert(&mut self) -> Result<()>;
}

/// Called before a stored row is updated. Asked for by `hooks: [before_update]` in the spec; implemented for the model.
///
/// It may change the row, and an error keeps it from being updated. It is called by the flush of a session for rows that
/// are not as they are stored, and by `save`; never by updates of all rows that match a filter, nor by hand-written
/// SQL. A flush that comes to nothing calls it again the next time.
#[diagnostic::on_unimplemented(
    message = "the spec declares `hooks: [before_update]`, and `{Self}` does not implement `pilaster::BeforeUpdate`",
    label = "write `impl pilaster::BeforeUpdate for {Self}`, or remove the hook from the spec"
)]
pub trait BeforeUpdate: Keyed {
    /// What is done with the row before it is sent.
    ///
    /// # Errors
    /// Whatever keeps the row from being updated.
    fn before_update(&mut self) -> Result<()>;
}

/// Called before a row is deleted. Asked for by `hooks: [before_delete]` in the spec; implemented for the model.
///
/// An error keeps the row from being deleted. It is called by the flush of a session, also for rows that `cascade:
/// session` takes along, and by `delete`; never for rows that the database deletes by itself, nor by deletes of all rows
/// that match a filter, nor by hand-written SQL. A flush that comes to nothing calls it again the next time.
#[diagnostic::on_unimplemented(
    message = "the spec declares `hooks: [before_delete]`, and `{Self}` does not implement `pilaster::BeforeDelete`",
    label = "write `impl pilaster::BeforeDelete for {Self}`, or remove the hook from the spec"
)]
pub trait BeforeDelete: Keyed {
    /// What is done before the row is deleted.
    ///
    /// # Errors
    /// Whatever keeps the row from being deleted.
    fn before_delete(&self) -> Result<()>;
}

/// A foreign key of another model whose rows go with a row of this one: `cascade: session` in the spec.
#[doc(hidden)]
#[derive(Debug)]
pub struct Owned {
    /// The model that has the foreign key.
    pub(crate) child: &'static ModelMeta,
    /// Columns of this model and of the other, pairwise.
    pub(crate) on: &'static [(usize, usize)],
    /// Makes place for rows of the other model in what a session keeps, and says where.
    pub(crate) enter: fn(&mut dyn std::any::Any) -> Option<u32>,
}

impl Owned {
    pub(crate) const fn of<C: Model>(
        on: &'static [(usize, usize)],
        enter: fn(&mut dyn std::any::Any) -> Option<u32>,
    ) -> Self {
        Self { child: C::META, on, enter }
    }
}
