//! Values out of the way: what a row has in a unique column for a moment, while others take the value it had.

use rustc_hash::FxHashMap;

use crate::meta::{ColumnMeta, ModelMeta};
use crate::value::{Kind, Value};

/// The column of a unique key that can hold another value for a while: one that the change writes anyway, and that no
/// foreign key looks at meanwhile, unless it is checked at the end; `defers` where any can be.
pub(super) fn column(meta: &ModelMeta, unique: &[usize], written: &[usize], defers: bool) -> Option<usize> {
    let can = |at: &usize| {
        let held = !defers && meta.foreign_keys.iter().any(|key| key.columns.contains(at) && !key.deferred);
        let is_free = |column: &ColumnMeta| column.nullable || !held && has_room(column.kind);
        written.contains(at) && meta.columns.get(*at).is_some_and(is_free)
    };
    unique.iter().copied().find(can)
}

fn has_room(kind: Kind) -> bool {
    kind.is_integer() || matches!(kind, Kind::Text | Kind::Uuid)
}

/// What rows have in columns that were parked in a flush.
#[derive(Default)]
pub(super) struct Parked(FxHashMap<(u32, usize), Value<'static>>);

impl Parked {
    /// Finds a value for a column of a row; `own` is the one that is stored.
    pub(super) fn add(&mut self, entry: u32, at: usize, column: &ColumnMeta, own: &Value<'_>) {
        let value = match column.nullable {
            true => Value::Null,
            false => far(column.kind, self.0.len(), own),
        };
        self.0.insert((entry, at), value);
    }

    /// What a row has in a column for now, if it was parked there.
    pub(super) fn get(&self, entry: u32, at: usize) -> Option<&Value<'static>> {
        self.0.get(&(entry, at))
    }
}

/// A value at the far end of a type, where no other row is, different for each number.
fn far(kind: Kind, number: usize, own: &Value<'_>) -> Value<'static> {
    match kind {
        Kind::Uuid => Value::Uuid((u128::MAX - number as u128).to_be_bytes()),
        Kind::Text => {
            // As long as the value it stands for, since columns have a length and checks may ask for one.
            let length = if let Value::Text(own) = own { own.chars().count().saturating_sub(1) } else { 0 };
            Value::Text(format!("~{number:0>length$x}").into())
        }
        kind => far_integer(kind, number as i128),
    }
}

/// The least values of a type are where no other row is, but those of unsigned ones.
fn far_integer(kind: Kind, number: i128) -> Value<'static> {
    let (low, high) = kind.range().unwrap_or((i64::MIN.into(), i64::MAX.into()));
    let far = if low < 0 { low + number } else { high - number };
    match i64::try_from(far) {
        Ok(far) => Value::Int(far),
        Err(_) => Value::UInt(u64::try_from(far).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_length_while_there_is_room() {
        let text = |own: &str, number| match far(Kind::Text, number, &Value::Text(own.to_owned().into())) {
            Value::Text(text) => text.into_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!([text("de", 0), text("de", 15), text("de", 16)], ["~0", "~f", "~10"]);
        assert_eq!([text("Zürich", 3), text("", 0), text("x", 0)], ["~00003", "~0", "~0"]);
    }

    #[test]
    fn numbers_start_at_the_end_of_their_type() {
        assert_eq!(far(Kind::SmallInt, 1, &Value::Int(5)), Value::Int(-32_767));
        assert_eq!(far(Kind::Int, 0, &Value::Int(5)), Value::Int(i64::from(i32::MIN)));
        assert_eq!(far(Kind::BigInt, 2, &Value::Int(5)), Value::Int(i64::MIN + 2));
        assert_eq!(far(Kind::TinyInt, 1, &Value::Int(5)), Value::Int(-127));
        assert_eq!(far(Kind::UnsignedTinyInt, 1, &Value::Int(5)), Value::Int(254));
        assert_eq!(far(Kind::UnsignedSmallInt, 0, &Value::Int(5)), Value::Int(65_535));
        assert_eq!(far(Kind::UnsignedInt, 2, &Value::Int(5)), Value::Int(i64::from(u32::MAX) - 2));
        assert_eq!(far(Kind::UnsignedBigInt, 1, &Value::UInt(5)), Value::UInt(u64::MAX - 1));
        assert_ne!(far(Kind::Uuid, 0, &Value::Null), far(Kind::Uuid, 1, &Value::Null));
    }
}
