//! Relations: joins, filters, eager loading, lazy loading and links between rows.

mod handle;
mod include;
mod keys;
mod link;

pub(crate) use handle::push_joins;
pub use handle::{Many, One, Optional, Rel, Relation, ToMany, ToOne, ToOptional};
pub use include::{Include, IncludeList, IntoInclude, With};
pub use link::{Links, related};
