//! UUIDs.

use uuid::Uuid;

use super::{column_type, operand, ordered};
use crate::value::{Kind, Value};

column_type!(Uuid, Uuid, Kind::Uuid, |row, at| Ok(row.uuid(at)?.map(Uuid::from_bytes)), |value| Value::Uuid(
    *value.as_bytes()
));
operand!(Uuid: Uuid);
ordered!(Uuid);
