//! Relations: joins, filters, eager loading, lazy loading and links between rows.

mod handle;
mod include;
mod keys;
mod link;

pub(crate) use handle::push_joins;
pub use handle::{Many, One, Optional, Rel, Relation, ToMany, ToOne, ToOptional};
pub use include::Cardinality;
pub use include::{Include, IncludeList, IntoInclude, With};
pub(crate) use include::{Loaded, Plan as LoadPlan, key_order};
pub(crate) use keys::bytes as key_bytes;
pub use link::{Links, related};
