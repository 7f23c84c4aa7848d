//! Rows as PostgreSQL sends them, read by position out of their binary form.
//!
//! | asked for | taken |
//! |---|---|
//! | truth value | boolean |
//! | integer | smallint, integer, bigint, oid; numeric that is whole |
//! | floating point | real, double precision, integers, numeric |
//! | decimal | numeric, integers |
//! | text | text, varchar, char, name, enums, citext, xml, json, jsonb, uuid, inet, cidr, interval (ISO 8601), ltree |
//! | bytes | bytea |
//! | date, time, datetime, timestamp | date, time, timestamp, timestamptz |
//! | UUID, JSON | uuid; json, jsonb |

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio_postgres::Column;
use tokio_postgres::types::{FromSql, Kind, Type};

use super::bind::{DAYS, MICROS};
use super::form::Form;
use super::numeric::{self, Odd};
use crate::driver::AN_INTEGER;
use crate::error::{Error, Result};
use crate::row::{RawRow, Row, Source};
use crate::value::Decimal;

/// A row, with the forms of its columns.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'r> {
    cells: Cells<'r>,
    forms: &'r [Form],
}

/// Where the values are.
#[derive(Clone, Copy)]
enum Cells<'r> {
    Row(&'r tokio_postgres::Row),
    Values(&'r Values<'r>),
    /// An element of an array, as a row of one column.
    Element(Option<&'r [u8]>, &'r Type),
}

/// The values of a row, one behind the other, each behind its length.
pub(super) struct Values<'r> {
    bytes: &'r [u8],
    columns: &'r [Column],
    /// The value that was read last, and where it begins: as a rule, the next one is read next.
    place: Cell<(usize, usize)>,
}

impl<'r> Values<'r> {
    /// Those of a DataRow: how many there are, and these.
    pub(super) fn new(body: &'r [u8], columns: &'r [Column]) -> Self {
        Self { bytes: body.get(2..).unwrap_or_default(), columns, place: Cell::new((0, 0)) }
    }

    /// The value of a column, or NULL; `None` where there is no such column.
    #[inline]
    fn get(&self, at: usize) -> Option<Option<&'r [u8]>> {
        let (mut column, mut start) = self.place.get();
        if at < column {
            (column, start) = (0, 0);
        }
        loop {
            let (length, rest) = self.bytes.get(start..)?.split_first_chunk::<4>()?;
            let length = usize::try_from(i32::from_be_bytes(*length)).ok();
            if column == at {
                self.place.set((column, start));
                return match length {
                    Some(length) => rest.get(..length).map(Some),
                    None => Some(None),
                };
            }
            column += 1;
            start += 4 + length.unwrap_or(0);
        }
    }
}

impl<'r> Cursor<'r> {
    /// A row's values, whose columns have these forms.
    #[inline]
    pub(super) fn of_values(values: &'r Values<'r>, forms: &'r [Form]) -> Self {
        Self { cells: Cells::Values(values), forms }
    }

    /// A value of a type with this form, as a row of one column.
    pub(super) fn element(value: Option<&'r [u8]>, ty: &'r Type, forms: &'r [Form; 1]) -> Self {
        Self { cells: Cells::Element(value, ty), forms }
    }

    /// A row whose columns have these forms.
    #[inline]
    pub(super) fn new(row: &'r tokio_postgres::Row, forms: &'r [Form]) -> Self {
        Self { cells: Cells::Row(row), forms }
    }
}

/// The bytes of a value.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cursor<'_> {
    /// The bytes of a column, `None` for NULL.
    #[inline]
    fn at(&self, at: usize) -> Result<(Form, Option<&[u8]>)> {
        let Some(form) = self.forms.get(at) else { return Err(no_column(at, self.forms.len())) };
        match self.cells {
            Cells::Values(values) => match values.get(at) {
                Some(value) => Ok((*form, value)),
                None => Err(no_column(at, values.columns.len())),
            },
            Cells::Row(row) => match row.try_get::<_, Option<Raw<'_>>>(at) {
                Ok(raw) => Ok((*form, raw.map(|raw| raw.0))),
                Err(_) => Err(no_column(at, row.len())),
            },
            Cells::Element(bytes, _) => Ok((*form, bytes)),
        }
    }

    fn ty(&self, at: usize) -> Option<&Type> {
        match self.cells {
            Cells::Row(row) => row.columns().get(at).map(Column::type_),
            Cells::Values(values) => values.columns.get(at).map(Column::type_),
            Cells::Element(_, ty) => Some(ty),
        }
    }

    /// Hands the elements of an array of one dimension to `each`; `false` for NULL.
    pub(crate) fn list(&self, at: usize, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<bool> {
        let (_, bytes) = self.at(at)?;
        let mut ty = self.ty(at);
        while let Some(Kind::Domain(inner)) = ty.map(Type::kind) {
            ty = Some(inner);
        }
        let (Some(Kind::Array(element)), bytes) = (ty.map(Type::kind), bytes) else {
            return Err(self.unexpected(at, "an array"));
        };
        let Some(mut rest) = bytes else { return Ok(false) };
        let garbled = || Error::decode("an array", "bytes that are none");
        let word = |rest: &mut &[u8]| match rest.split_first_chunk::<4>() {
            Some((word, behind)) => {
                *rest = behind;
                Ok(i32::from_be_bytes(*word))
            }
            None => Err(garbled()),
        };
        let dimensions = word(&mut rest)?;
        let (_, _) = (word(&mut rest)?, word(&mut rest)?);
        let count = match dimensions {
            0 => 0,
            1 => {
                let count = word(&mut rest)?;
                word(&mut rest)?;
                count
            }
            more => return Err(Error::decode("an array of one dimension", format!("one of {more}"))),
        };
        let forms = [Form::of(element)];
        for _ in 0..count {
            let value = match usize::try_from(word(&mut rest)?) {
                Ok(length) => {
                    let (value, behind) = rest.split_at_checked(length).ok_or_else(garbled)?;
                    rest = behind;
                    Some(value)
                }
                Err(_) => None,
            };
            each(&Row::new(Source::Postgres(Cursor::element(value, element, &forms))))?;
        }
        Ok(true)
    }

    /// The bytes of a column as they came; `None` for NULL.
    pub(super) fn raw(&self, at: usize) -> Result<Option<&[u8]>> {
        self.at(at).map(|(_, bytes)| bytes)
    }

    /// The error of a value of another type.
    #[cold]
    fn unexpected(&self, at: usize, expected: &'static str) -> Error {
        let name = self.ty(at).map_or("?", Type::name);
        let form = self.forms.get(at);
        let hint = if form == Some(&Form::Other) { ", which can be read as text when the query casts it" } else { "" };
        Error::decode(expected, format!("a value of PostgreSQL's type {name}{hint}"))
    }

    /// A number of which too many digits behind the point may be left out.
    fn numeric_front(&self, at: usize, bytes: &[u8], expected: &'static str) -> Result<Decimal> {
        match (numeric::read(bytes), numeric::front(bytes)) {
            (Err(Odd::TooLong), Some(front)) => self.numeric(at, &front, expected),
            _ => self.numeric(at, bytes, expected),
        }
    }

    fn numeric(&self, at: usize, bytes: &[u8], expected: &'static str) -> Result<Decimal> {
        numeric::read(bytes).map_err(|odd| match odd {
            Odd::NotANumber => Error::decode(expected, "NaN"),
            Odd::Infinite => Error::decode(expected, "infinity"),
            Odd::TooLong => Error::decode("a decimal of at most 38 digits", "a longer one"),
            Odd::Garbled => self.unexpected(at, expected),
        })
    }

    /// Microseconds since 1970 of one of the two types.
    fn instant(&self, at: usize, wanted: Form, expected: &'static str) -> Result<Option<i64>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (form, Some(bytes)) if form == wanted => match i64::from_be_bytes(fixed(bytes)?) {
                i64::MAX => Err(infinite(expected, "infinity")),
                i64::MIN => Err(infinite(expected, "-infinity")),
                micros => micros.checked_add(MICROS).map(Some).ok_or_else(|| late(expected)),
            },
            _ => Err(self.unexpected(at, expected)),
        }
    }
}

impl RawRow for Cursor<'_> {
    #[inline]
    fn is_null(&self, at: usize) -> Result<bool> {
        Ok(self.at(at)?.1.is_none())
    }

    #[inline]
    fn bool(&self, at: usize) -> Result<Option<bool>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Bool, Some([byte])) => Ok(Some(*byte != 0)),
            _ => Err(self.unexpected(at, "a boolean")),
        }
    }

    #[inline]
    fn int(&self, at: usize) -> Result<Option<i64>> {
        let value = match self.at(at)? {
            (Form::Int8, Some(bytes)) => i64::from_be_bytes(fixed(bytes)?),
            (Form::Int4, Some(bytes)) => i64::from(i32::from_be_bytes(fixed(bytes)?)),
            (_, None) => return Ok(None),
            (Form::Int2, Some(bytes)) => i64::from(i16::from_be_bytes(fixed(bytes)?)),
            (Form::Oid, Some(bytes)) => i64::from(u32::from_be_bytes(fixed(bytes)?)),
            (Form::Numeric, Some(bytes)) => whole(self.numeric(at, bytes, "an integer")?)?,
            _ => return Err(self.unexpected(at, "an integer")),
        };
        Ok(Some(value))
    }

    fn uint(&self, at: usize) -> Result<Option<u64>> {
        if let (Form::Numeric, Some(bytes)) = self.at(at)? {
            let decimal = self.numeric(at, bytes, "an integer")?;
            let value = exact(decimal).and_then(|whole| u64::try_from(whole).ok());
            return value.map(Some).ok_or_else(|| Error::decode("an unsigned integer", decimal.to_string()));
        }
        let Some(value) = self.int(at)? else { return Ok(None) };
        u64::try_from(value).map(Some).map_err(|_| Error::decode("an unsigned integer", format!("integer {value}")))
    }

    #[inline]
    #[allow(clippy::cast_precision_loss)] // An integer read as a floating point number rounds as it does in SQL.
    fn float(&self, at: usize) -> Result<Option<f64>> {
        let value = match self.at(at)? {
            (Form::Float8, Some(bytes)) => f64::from_be_bytes(fixed(bytes)?),
            (Form::Float4, Some(bytes)) => f64::from(f32::from_be_bytes(fixed(bytes)?)),
            (_, None) => return Ok(None),
            (Form::Int2 | Form::Int4 | Form::Int8, _) => return Ok(self.int(at)?.map(|value| value as f64)),
            (Form::Numeric, Some(bytes)) => match numeric::read(bytes) {
                Err(Odd::NotANumber) => f64::NAN,
                _ => {
                    let decimal = self.numeric(at, bytes, "a floating point number")?;
                    decimal.to_string().parse().map_err(|_| self.unexpected(at, "a floating point number"))?
                }
            },
            _ => return Err(self.unexpected(at, "a floating point number")),
        };
        Ok(Some(value))
    }

    fn decimal_front(&self, at: usize) -> Result<Option<Decimal>> {
        match self.at(at)? {
            (Form::Numeric, Some(bytes)) => self.numeric_front(at, bytes, "a decimal").map(Some),
            _ => self.decimal(at),
        }
    }

    fn decimal(&self, at: usize) -> Result<Option<Decimal>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Numeric, Some(bytes)) => self.numeric(at, bytes, "a decimal").map(Some),
            (Form::Int2 | Form::Int4 | Form::Int8, _) => {
                Ok(self.int(at)?.map(|value| Decimal { mantissa: i128::from(value), scale: 0 }))
            }
            _ => Err(self.unexpected(at, "a decimal")),
        }
    }

    #[inline]
    fn text(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        match self.at(at)? {
            // Nothing in `"char"` comes as one byte all the same.
            (Form::Char, Some([0])) => Ok(Some(Cow::Borrowed(""))),
            (Form::Text | Form::Char | Form::Json, Some(bytes)) => utf8(bytes).map(Some),
            (_, None) => Ok(None),
            (Form::Jsonb | Form::Versioned, Some([1, bytes @ ..])) => utf8(bytes).map(Some),
            (form, Some(bytes)) => match written(form, bytes) {
                Some(text) => Ok(Some(Cow::Owned(text))),
                None => Err(self.unexpected(at, "text")),
            },
        }
    }

    #[inline]
    fn bytes(&self, at: usize) -> Result<Option<Cow<'_, [u8]>>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Bytes, Some(bytes)) => Ok(Some(Cow::Borrowed(bytes))),
            _ => Err(self.unexpected(at, "bytes")),
        }
    }

    fn date(&self, at: usize) -> Result<Option<i32>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Date, Some(bytes)) => match i32::from_be_bytes(fixed(bytes)?) {
                i32::MAX => Err(infinite("a date", "infinity")),
                i32::MIN => Err(infinite("a date", "-infinity")),
                days => days.checked_add(DAYS).map(Some).ok_or_else(|| late("a date")),
            },
            _ => Err(self.unexpected(at, "a date")),
        }
    }

    fn time(&self, at: usize) -> Result<Option<i64>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Time, Some(bytes)) => Ok(Some(i64::from_be_bytes(fixed(bytes)?))),
            _ => Err(self.unexpected(at, "a time of day")),
        }
    }

    fn datetime(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, Form::Timestamp, "a date and time without a zone")
    }

    fn timestamp(&self, at: usize) -> Result<Option<i64>> {
        self.instant(at, Form::TimestampTz, "a timestamp")
    }

    fn uuid(&self, at: usize) -> Result<Option<[u8; 16]>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Uuid, Some(bytes)) => fixed(bytes).map(Some),
            _ => Err(self.unexpected(at, "a UUID")),
        }
    }

    fn json(&self, at: usize) -> Result<Option<Cow<'_, str>>> {
        match self.at(at)? {
            (_, None) => Ok(None),
            (Form::Json | Form::Text, Some(bytes)) | (Form::Jsonb, Some([1, bytes @ ..])) => utf8(bytes).map(Some),
            _ => Err(self.unexpected(at, "JSON")),
        }
    }

    fn len(&self) -> usize {
        self.forms.len()
    }

    fn name(&self, at: usize) -> Option<&str> {
        match self.cells {
            Cells::Row(row) => row.columns().get(at).map(Column::name),
            Cells::Values(values) => values.columns.get(at).map(Column::name),
            Cells::Element(..) => None,
        }
    }
}

/// Exactly as many bytes as the type has.
#[inline]
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    match bytes.try_into() {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(Error::decode(format!("{N} bytes"), format!("{}", bytes.len()))),
    }
}

#[inline]
fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let found = format!("bytes that are not UTF-8 after the first {}", error.valid_up_to());
            Err(Error::decode("text", found).with_source(error))
        }
    }
}

/// A decimal without digits behind the point.
fn exact(decimal: Decimal) -> Option<i128> {
    let whole = decimal.rescale(0)?;
    (whole.rescale(decimal.scale) == Some(decimal)).then_some(whole.mantissa)
}

fn whole(decimal: Decimal) -> Result<i64> {
    let value = exact(decimal).and_then(|whole| i64::try_from(whole).ok());
    value.ok_or_else(|| Error::decode(AN_INTEGER, format!("decimal {decimal}")))
}

/// The text of a value that has a binary form of its own.
fn written(form: Form, bytes: &[u8]) -> Option<String> {
    match form {
        Form::Uuid => {
            let mut out = String::with_capacity(36);
            for (at, byte) in <[u8; 16]>::try_from(bytes).ok()?.iter().enumerate() {
                out.push_str(if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" });
                let _ = write!(out, "{byte:02x}");
            }
            Some(out)
        }
        Form::Inet => inet(bytes),
        Form::Interval => interval(bytes),
        _ => None,
    }
}

/// An address, with the length of its prefix where it is not the whole address or the type is `cidr`.
fn inet(bytes: &[u8]) -> Option<String> {
    let [_, bits, cidr, _, address @ ..] = bytes else { return None };
    let (text, all) = if let Ok(four) = <[u8; 4]>::try_from(address) {
        (Ipv4Addr::from(four).to_string(), 32)
    } else {
        (Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(), 128)
    };
    Some(if *bits == all && *cidr == 0 { text } else { format!("{text}/{bits}") })
}

/// An interval as ISO 8601 writes it, which PostgreSQL reads back as the same.
fn interval(bytes: &[u8]) -> Option<String> {
    let (micros, rest) = bytes.split_first_chunk::<8>()?;
    let (days, months) = rest.split_first_chunk::<4>()?;
    let micros = i64::from_be_bytes(*micros);
    let (days, months) = (i32::from_be_bytes(*days), i32::from_be_bytes(months.try_into().ok()?));
    if (micros, days, months) == (0, 0, 0) {
        return Some("PT0S".to_owned());
    }
    let mut out = String::from("P");
    for (amount, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
        if amount != 0 {
            let _ = write!(out, "{amount}{unit}");
        }
    }
    if micros != 0 {
        out.push('T');
        let minutes = micros / 60_000_000;
        for (amount, unit) in [(minutes / 60, 'H'), (minutes % 60, 'M')] {
            if amount != 0 {
                let _ = write!(out, "{amount}{unit}");
            }
        }
        let rest = micros % 60_000_000;
        if rest != 0 {
            let (sign, rest) = (if rest < 0 { "-" } else { "" }, rest.unsigned_abs());
            let _ = write!(out, "{sign}{}", rest / 1_000_000);
            if rest % 1_000_000 != 0 {
                let _ = write!(out, ".{:06}", rest % 1_000_000);
            }
            out.push('S');
        }
    }
    Some(out)
}

#[cold]
fn no_column(at: usize, columns: usize) -> Error {
    Error::decode(format!("at least {} columns", at.saturating_add(1)), format!("{columns}"))
}

#[cold]
fn infinite(expected: &'static str, found: &'static str) -> Error {
    Error::decode(expected, format!("{found}, which PostgreSQL has and Rust's types have not"))
}

#[cold]
fn late(expected: &'static str) -> Error {
    Error::decode(expected, "one that is too late for 64 bits of microseconds since 1970")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_interval(micros: i64, days: i32, months: i32) -> String {
        let bytes = [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat();
        interval(&bytes).unwrap()
    }

    #[test]
    fn values_are_found_in_any_order() {
        let body = b"\0\x04\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0\0\0\0\x01c";
        let values = Values::new(body, &[]);
        let expected = [Some(&b"ab"[..]), None, Some(b""), Some(b"c")];
        for at in [0, 1, 2, 3, 3, 1, 0, 2, 0, 3] {
            assert_eq!(values.get(at), Some(expected[at]), "{at}");
        }
        assert_eq!((values.get(4), values.get(0)), (None, Some(Some(&b"ab"[..]))));
        for length in 0..body.len() {
            let cut = Values::new(&body[..length], &[]);
            assert_eq!(cut.get(3), None, "{length}");
        }
    }

    #[test]
    fn intervals_are_iso_8601() {
        assert_eq!(of_interval(0, 0, 0), "PT0S");
        assert_eq!(of_interval(3_723_000_004, 5, 14), "P1Y2M5DT1H2M3.000004S");
        assert_eq!(of_interval(-500_000, -1, 0), "P-1DT-0.500000S");
    }

    #[test]
    fn addresses_show_their_prefix_where_it_matters() {
        assert_eq!(inet(&[2, 32, 0, 4, 127, 0, 0, 1]).unwrap(), "127.0.0.1");
        assert_eq!(inet(&[2, 32, 1, 4, 10, 0, 0, 1]).unwrap(), "10.0.0.1/32");
        assert_eq!(inet(&[2, 8, 0, 4, 10, 0, 0, 1]).unwrap(), "10.0.0.1/8");
        assert_eq!(
            inet(&[3, 64, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap(),
            "2001:db8::1/64"
        );
        assert_eq!(inet(&[2, 8, 0, 4, 10]), None);
    }
}
