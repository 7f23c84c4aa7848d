//! What a session leaves behind.

use std::ops::Index;

use super::arena::Arena;
use super::key::{Entity, Key};
use crate::error::Result;

/// The rows of a session that was committed: `done[key]` is the row as it is stored, by the key of the row or of the
/// new row that it was.
pub struct Done(pub(super) Arena);

impl Done {
    /// The row behind a key.
    ///
    /// # Errors
    /// `Query` for a key of another session, and for a new row that was not stored because it was deleted before.
    pub fn try_get<T: Entity>(&self, key: Key<T>) -> Result<&T::Model> {
        let index = self.0.index_of(key)?;
        let row = self.0.stored(index).ok_or_else(|| self.0.unstored(index))?;
        self.0.get(Key::<T::Model>::new(key.session, row))
    }
}

/// Reads a row.
///
/// # Panics
/// For a key of another session, and for a new row that was never stored; see [`Done::try_get`].
impl<T: Entity> Index<Key<T>> for Done {
    type Output = T::Model;

    #[track_caller]
    fn index(&self, key: Key<T>) -> &T::Model {
        super::given(self.try_get(key))
    }
}

impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Done").field("rows", &self.0.entries.len()).finish()
    }
}
