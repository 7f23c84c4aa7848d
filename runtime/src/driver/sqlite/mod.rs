//! SQLite.

use std::borrow::Cow;

use super::{Begin, Done, Each, Returned, Rows};
use crate::error::Result;
use crate::row::RawRow;
use crate::value::{Decimal, Params};

/// A connection to an SQLite database.
pub(crate) struct Connection(());

/// A prepared statement standing on a row.
pub(crate) struct Cursor(());
