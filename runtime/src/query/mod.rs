//! Typed queries: a thin skin over [`crate::sql`]. Everything generic here is a few lines; the work is done untyped.

mod column;
mod delete;
mod hook;
mod insert;
mod lock;
mod model;
mod nullable;
mod order;
mod page;
mod put;
mod record;
mod scope;
mod select;
mod selection;
mod update;
mod upsert;

pub use column::{Column, Expr, List, Predicate, Sort, count as count_rows};
pub use delete::Delete;
pub use hook::{BeforeDelete, BeforeInsert, BeforeUpdate, Owned};
pub(crate) use insert::insert_text;
pub use insert::{InsertMany, Insertable};
pub use lock::{Countable, LockedQuery, Waits, WaitsNot};
pub use model::{Handles, IntoKey, IntoRef, Keyed, Model, ModelColumns, Ref};
pub use nullable::{IntoNullable, IntoNullableRef};
pub use order::SortList;
pub use page::Page;
pub use put::{Puts, Refers};
pub(crate) use record::fetch_by_key;
pub use record::{delete as delete_row, find, get, insert_one, reload, save};
pub use scope::{Maybe, NotNull, Nullability, Nullable, Push, Scope, TableRef};
pub use select::Query;
pub(crate) use select::fetch_each;
pub use selection::Selection;
pub use update::{Bounded, Filtered, Unfiltered, Update};
pub use upsert::{ColumnList, Decided, Decision, Several, Single, Unique, Upsert};
