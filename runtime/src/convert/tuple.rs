//! Several columns together: those of a key, and those of a row.

use super::ColumnType;
use crate::error::{Error, Result};
use crate::row::Row;
use crate::value::Value;

/// The columns of a key: one column type, or a tuple of several.
pub trait KeyColumns: 'static {
    /// The value of the key.
    type Key: Send + 'static;

    /// Hands out the values of a key, in order.
    fn put(key: &Self::Key, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()>;
    /// The values of a key, in order.
    fn values(key: &Self::Key) -> Result<Vec<Value<'static>>> {
        let mut values = Vec::with_capacity(1);
        Self::put(key, &mut |value| {
            values.push(value.to_static());
            Ok(())
        })?;
        Ok(values)
    }
    /// The key of a row that holds nothing else.
    fn decode(row: &Row<'_>) -> Result<Self::Key>;
    /// The key that the database counted.
    fn counted(number: i64) -> Result<Self::Key> {
        Err(Error::query(format!("the database counts no key of this type ({number})")))
    }
}

impl<T: ColumnType> KeyColumns for T {
    type Key = T::Value;

    fn put(key: &Self::Key, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        put(&T::encode(key)?)
    }

    fn decode(row: &Row<'_>) -> Result<Self::Key> {
        T::decode(row, 0)
    }

    fn counted(number: i64) -> Result<Self::Key> {
        T::counted(number)
    }
}

/// Several columns that are read together; for generated code, which has fewer branches so than with a `?` for each.
pub trait Tuple {
    /// Their values.
    type Values;

    /// Takes them from a position on; nobody reads them again.
    fn read(row: &Row<'_>, at: usize) -> Result<Self::Values>;
}

macro_rules! tuple {
    ($($T:ident $at:tt),*) => {
        impl<$($T: ColumnType),*> Tuple for ($($T,)*) {
            type Values = ($($T::Value,)*);

            #[inline]
            fn read(row: &Row<'_>, at: usize) -> Result<Self::Values> {
                Ok(($($T::take(row, at + $at)?,)*))
            }
        }
    };
}

macro_rules! key {
    ($($T:ident $at:tt),*) => {
        impl<$($T: ColumnType),*> KeyColumns for ($($T,)*) {
            type Key = ($($T::Value,)*);

            fn put(key: &Self::Key, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
                $(put(&$T::encode(&key.$at)?)?;)*
                Ok(())
            }

            fn decode(row: &Row<'_>) -> Result<Self::Key> {
                Ok(($($T::decode(row, $at)?,)*))
            }
        }
    };
}

macro_rules! tuples {
    ($macro:ident: $($T:ident $at:tt),*) => {
        tuples!(@ $macro [] $($T $at),*);
    };
    (@ $macro:ident [$($done:tt)*]) => {};
    (@ $macro:ident [$($D:ident $d:tt)*] $T:ident $at:tt $(, $Ts:ident $ats:tt)*) => {
        $macro!($($D $d,)* $T $at);
        tuples!(@ $macro [$($D $d)* $T $at] $($Ts $ats),*);
    };
}

tuples!(tuple: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
tuples!(key: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
