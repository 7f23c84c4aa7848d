//! Values as PostgreSQL takes them: in binary, for the type that the server inferred for each parameter.
//!
//! | value | taken by |
//! |---|---|
//! | truth value | boolean |
//! | integer | smallint, integer, bigint, oid by range; numeric; real and double where exact |
//! | floating point | real (refused when it would overflow), double precision, numeric |
//! | decimal | numeric; integers where whole |
//! | text | text, varchar, char, name, enums, citext, xml; numbers of any size, dates, times and what has no binary form here in the text form that the server reads |
//! | bytes | bytea |
//! | date, time, datetime, timestamp | date, time, timestamp, timestamptz; no conversion between them |
//! | UUID, JSON | uuid; json, jsonb |

use std::slice;

use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use super::form::{Form, Slot};
use super::numeric;
use crate::error::{Error, Result};
use crate::value::{Decimal, Value};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
pub(super) const DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const MICROS: i64 = 86_400_000_000 * 10_957;
/// Days that PostgreSQL can hold, counted from 2000: 4714-11-24 BC to 5874897-12-31.
const DAY_RANGE: std::ops::RangeInclusive<i32> = -2_451_545..=2_145_031_948;
/// Microseconds that it can hold, counted from 2000: 4714-11-24 BC to the year 294276.
const MICRO_RANGE: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

/// The parameters of a statement in their final form.
#[derive(Default)]
pub(super) struct Bound {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    null: bool,
    text: bool,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Param<'a> {
    bytes: Option<&'a [u8]>,
    text: bool,
}

impl std::fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client library logs this; values are logged in one place only, and on demand.
        f.write_str("…")
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = self.bytes else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        if self.is_binary() { Format::Binary } else { Format::Text }
    }
}

impl<'a> Param<'a> {
    /// `None` for NULL.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        self.bytes
    }

    /// Of a type that has no binary form not even NULL may come as such.
    pub(super) fn is_binary(&self) -> bool {
        !self.text && self.bytes.is_some()
    }
}

impl Bound {
    /// Forgets all parameters.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// How many bytes they have.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds the next one.
    #[inline]
    pub(super) fn push(&mut self, slot: Slot, value: &Value<'_>) -> Result<()> {
        let start = self.bytes.len();
        let put = put_slot(&mut self.bytes, slot, value)?;
        let end = self.bytes.len();
        self.spans.push(Span { start, end, null: put == Put::Null, text: put == Put::Text });
        Ok(())
    }

    /// Adds an array.
    pub(super) fn push_column(&mut self, column: &Column) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&column.bytes);
        let count = u32::try_from(column.starts.len()).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(start + 12..start + 16) {
            place.copy_from_slice(&count.to_be_bytes());
        }
        self.spans.push(Span { start, end: self.bytes.len(), null: false, text: false });
    }

    /// Some of them, in order.
    pub(super) fn params(&self, from: usize, count: usize) -> BoundParams<'_> {
        let spans = self.spans.get(from..from.saturating_add(count)).unwrap_or_default();
        BoundParams { spans: spans.iter(), bytes: &self.bytes }
    }
}

/// All of them, in order; as small as can be, as futures hold it.
impl<'a> IntoIterator for &'a Bound {
    type Item = Param<'a>;
    type IntoIter = BoundParams<'a>;

    fn into_iter(self) -> BoundParams<'a> {
        self.params(0, self.len())
    }
}

/// Parameters one after another.
pub(super) struct BoundParams<'a> {
    spans: slice::Iter<'a, Span>,
    bytes: &'a [u8],
}

impl<'a> Iterator for BoundParams<'a> {
    type Item = Param<'a>;

    #[inline]
    fn next(&mut self) -> Option<Param<'a>> {
        let span = self.spans.next()?;
        let bytes = if span.null { None } else { self.bytes.get(span.start..span.end) };
        Some(Param { bytes, text: span.text })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for BoundParams<'_> {}

/// Values of one column, as an array of one dimension.
pub(super) struct Column {
    form: Form,
    bytes: Vec<u8>,
    /// Where each element begins, behind its length.
    starts: Vec<usize>,
}

impl Column {
    /// An empty array of elements of a type with this number.
    pub(super) fn new(form: Form, oid: u32) -> Self {
        let mut bytes = Vec::new();
        for word in [1, 0, oid.cast_signed(), 0, 1] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        Self { form, bytes, starts: Vec::new() }
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a value; `false` when it has no binary form.
    pub(super) fn push(&mut self, value: &Value<'_>) -> Result<bool> {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&NULL);
        self.starts.push(self.bytes.len());
        if value.is_null() {
            return Ok(true);
        }
        let done = put(&mut self.bytes, self.form, value)?;
        let length = i32::try_from(self.bytes.len() - at - NULL.len());
        let length = length.map_err(|_| Error::encode("a shorter value", "a longer one"))?;
        if let Some(place) = self.bytes.get_mut(at..at + NULL.len()) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        Ok(done == Put::Binary)
    }

    /// Adds a value as the server wrote it.
    pub(super) fn push_raw(&mut self, value: Option<&[u8]>) {
        match value.and_then(|value| Some((value, i32::try_from(value.len()).ok()?))) {
            Some((value, length)) => {
                self.bytes.extend_from_slice(&length.to_be_bytes());
                self.starts.push(self.bytes.len());
                self.bytes.extend_from_slice(value);
            }
            None => {
                self.bytes.extend_from_slice(&NULL);
                self.starts.push(self.bytes.len());
            }
        }
    }

    /// Takes away the elements from a position on.
    pub(super) fn truncate(&mut self, at: usize) {
        if let Some(start) = self.starts.get(at) {
            self.bytes.truncate(start - NULL.len());
            self.starts.truncate(at);
        }
    }

    /// The bytes of an element that is not NULL.
    pub(super) fn element(&self, at: usize) -> Option<&[u8]> {
        let start = *self.starts.get(at)?;
        let length = self.bytes.get(start - NULL.len()..start)?;
        if length == NULL {
            return None;
        }
        let end = self.starts.get(at + 1).map_or(self.bytes.len(), |next| next - NULL.len());
        self.bytes.get(start..end)
    }
}

/// The length of NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// In which form a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    Null,
    Binary,
    Text,
}

fn put_slot(out: &mut Vec<u8>, slot: Slot, value: &Value<'_>) -> Result<Put> {
    match (slot, value) {
        (_, Value::Null) => Ok(Put::Null),
        (Slot::One(form), value) => put(out, form, value),
        // An array written by hand, as in '{1,2}'.
        (Slot::Many(..), Value::Text(text)) => put_text(out, text).map(|()| Put::Text),
        (Slot::Many(form, oid), Value::List(values)) => put_list(out, form, oid, values),
        (Slot::Many(..), other) => Err(mismatch("an array", other)),
    }
}

/// An array of one dimension.
fn put_list(out: &mut Vec<u8>, form: Form, oid: u32, values: &[Value<'static>]) -> Result<Put> {
    if matches!(form, Form::Other | Form::Interval | Form::Inet | Form::Versioned) {
        return put_list_as_text(out, values);
    }
    let start = out.len();
    let count = i32::try_from(values.len()).map_err(|_| Error::encode("fewer values", values.len().to_string()))?;
    for word in [1, 0, oid.cast_signed(), count, 1] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for value in values {
        let at = out.len();
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        if value.is_null() {
            continue;
        }
        if put(out, form, value)? == Put::Text {
            out.truncate(start);
            return put_list_as_text(out, values);
        }
        let length = i32::try_from(out.len() - at - 4).map_err(|_| Error::encode("a shorter value", "a longer one"))?;
        if let Some(place) = out.get_mut(at..at + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(Put::Binary)
}

fn put_list_as_text(out: &mut Vec<u8>, values: &[Value<'static>]) -> Result<Put> {
    out.push(b'{');
    for (at, value) in values.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"" } else { b"," });
        if value.is_null() {
            out.extend_from_slice(b"NULL");
            continue;
        }
        let Value::Text(text) = value else { return Err(mismatch("text that the server reads", value)) };
        put_text(&mut Vec::new(), text)?;
        out.push(b'"');
        for byte in text.bytes() {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
    out.push(b'}');
    Ok(Put::Text)
}

#[inline]
fn put(out: &mut Vec<u8>, form: Form, value: &Value<'_>) -> Result<Put> {
    match (form, value) {
        (Form::Int8, Value::Int(value)) => out.extend_from_slice(&value.to_be_bytes()),
        (Form::Text, Value::Text(text)) => put_text(out, text)?,
        (Form::Char, Value::Text(text)) => {
            put_text(out, text)?;
            return Ok(if text.is_empty() { Put::Text } else { Put::Binary });
        }
        // As the server reads it: types that columns carry as text, be it for values that Rust has no room for.
        (
            Form::Oid
            | Form::Numeric
            | Form::Date
            | Form::Time
            | Form::Timestamp
            | Form::TimestampTz
            | Form::Uuid
            | Form::Json
            | Form::Jsonb
            | Form::Other
            | Form::Inet
            | Form::Interval
            | Form::Versioned,
            Value::Text(text),
        ) => {
            put_text(out, text)?;
            return Ok(Put::Text);
        }
        (Form::Int2 | Form::Int4 | Form::Int8 | Form::Oid, value) => put_int(out, form, value)?,
        (Form::Bool, Value::Bool(value)) => out.push(u8::from(*value)),
        (Form::Float4 | Form::Float8, value) => put_float(out, form, value)?,
        (Form::Numeric, value) => put_numeric(out, value)?,
        (Form::Bytes, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        (Form::Date, Value::Date(days)) => put_date(out, *days)?,
        (Form::Time, Value::Time(micros)) => put_time(out, *micros)?,
        (Form::Timestamp, Value::DateTime(micros)) | (Form::TimestampTz, Value::Timestamp(micros)) => {
            put_instant(out, *micros)?;
        }
        (Form::Uuid, Value::Uuid(uuid)) => out.extend_from_slice(uuid),
        (Form::Json | Form::Text, Value::Json(text)) => put_text(out, text)?,
        (Form::Jsonb, Value::Json(text)) => {
            out.push(1);
            put_text(out, text)?;
        }
        (Form::Other | Form::Inet | Form::Interval | Form::Versioned, Value::Geometry(text)) => {
            put_text(out, text)?;
            return Ok(Put::Text);
        }
        (form, value) => return Err(mismatch(form.expects(), value)),
    }
    Ok(Put::Binary)
}

fn put_text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    if text.as_bytes().contains(&0) {
        return Err(Error::encode("text without the character U+0000, which PostgreSQL cannot hold", "such a text"));
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn put_int(out: &mut Vec<u8>, form: Form, value: &Value<'_>) -> Result<()> {
    let wide = match value {
        Value::Int(value) => i128::from(*value),
        Value::UInt(value) => i128::from(*value),
        Value::Decimal(decimal) => match decimal.rescale(0) {
            Some(whole) if whole.rescale(decimal.scale) == Some(*decimal) => whole.mantissa,
            _ => return Err(mismatch(form.expects(), value)),
        },
        other => return Err(mismatch(form.expects(), other)),
    };
    let outside = |_| Error::encode(form.expects(), wide.to_string());
    match form {
        Form::Int2 => out.extend_from_slice(&i16::try_from(wide).map_err(outside)?.to_be_bytes()),
        Form::Int4 => out.extend_from_slice(&i32::try_from(wide).map_err(outside)?.to_be_bytes()),
        Form::Oid => out.extend_from_slice(&u32::try_from(wide).map_err(outside)?.to_be_bytes()),
        _ => out.extend_from_slice(&i64::try_from(wide).map_err(outside)?.to_be_bytes()),
    }
    Ok(())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // Checked; a real column rounds as the server does.
fn put_float(out: &mut Vec<u8>, form: Form, value: &Value<'_>) -> Result<()> {
    const EXACT: i64 = 1 << 53;
    let wide = match value {
        Value::Float(value) => *value,
        Value::Int(value) if (-EXACT..=EXACT).contains(value) => *value as f64,
        other => return Err(mismatch(form.expects(), other)),
    };
    if form == Form::Float8 {
        out.extend_from_slice(&wide.to_be_bytes());
        return Ok(());
    }
    let narrow = wide as f32;
    if narrow.is_infinite() && wide.is_finite() {
        return Err(Error::encode(form.expects(), value.shown()));
    }
    out.extend_from_slice(&narrow.to_be_bytes());
    Ok(())
}

fn put_numeric(out: &mut Vec<u8>, value: &Value<'_>) -> Result<()> {
    let decimal = match value {
        Value::Decimal(decimal) => *decimal,
        Value::Int(value) => Decimal { mantissa: i128::from(*value), scale: 0 },
        Value::UInt(value) => Decimal { mantissa: i128::from(*value), scale: 0 },
        Value::Float(value) if !value.is_finite() => {
            numeric::write_odd(out, *value);
            return Ok(());
        }
        Value::Float(number) => {
            Decimal::parse(&number.to_string()).ok_or_else(|| Error::encode("a decimal", value.shown()))?
        }
        other => return Err(mismatch(Form::Numeric.expects(), other)),
    };
    if numeric::write(out, decimal) {
        Ok(())
    } else {
        Err(Error::encode("a decimal with at most 16383 digits behind the point", format!("{}", decimal.scale)))
    }
}

fn put_date(out: &mut Vec<u8>, days: i32) -> Result<()> {
    let day = days.checked_sub(DAYS).filter(|day| DAY_RANGE.contains(day)).ok_or_else(|| {
        Error::encode("a date from -4713-11-24 (of 4714 BC) to 5874897-12-31", Value::Date(days).shown())
    })?;
    out.extend_from_slice(&day.to_be_bytes());
    Ok(())
}

fn put_time(out: &mut Vec<u8>, micros: i64) -> Result<()> {
    if !(0..=86_400_000_000).contains(&micros) {
        return Err(Error::encode("a time of day", Value::Time(micros).shown()));
    }
    out.extend_from_slice(&micros.to_be_bytes());
    Ok(())
}

fn put_instant(out: &mut Vec<u8>, micros: i64) -> Result<()> {
    let shifted = micros.checked_sub(MICROS).filter(|micros| MICRO_RANGE.contains(micros)).ok_or_else(|| {
        Error::encode("a time from -4713-11-24 (of 4714 BC) to 294276-12-31", Value::DateTime(micros).shown())
    })?;
    out.extend_from_slice(&shifted.to_be_bytes());
    Ok(())
}

impl Form {
    /// What a parameter of this form takes, for messages.
    fn expects(self) -> &'static str {
        match self {
            Form::Bool => "a boolean",
            Form::Int2 => "an integer from -32768 to 32767",
            Form::Int4 => "an integer from -2147483648 to 2147483647",
            Form::Int8 => "an integer from -9223372036854775808 to 9223372036854775807",
            Form::Oid => "an integer from 0 to 4294967295",
            Form::Float4 => "a number in the range of real",
            Form::Float8 => "a floating point number",
            Form::Numeric => "a number",
            Form::Text | Form::Char => {
                "text, the type that PostgreSQL infers for this parameter (a cast such as $1::bigint sets it)"
            }
            Form::Bytes => "bytes",
            Form::Date => "a date",
            Form::Time => "a time of day",
            Form::Timestamp => "a date and time without a zone",
            Form::TimestampTz => "a timestamp",
            Form::Uuid => "a UUID",
            Form::Json | Form::Jsonb => "JSON",
            Form::Interval | Form::Inet | Form::Versioned | Form::Other => "text that the server reads",
        }
    }
}

#[cold]
fn mismatch(expected: &'static str, found: &Value<'_>) -> Error {
    let kind = match found {
        Value::Null => return Error::encode(expected, "NULL"),
        Value::Bool(_) => "truth value",
        Value::Int(_) | Value::UInt(_) => "integer",
        Value::Float(_) => "floating point number",
        Value::Decimal(_) => "decimal",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Date(_) => "date",
        Value::Time(_) => "time of day",
        Value::DateTime(_) => "date and time without a zone",
        Value::Timestamp(_) => "timestamp",
        Value::Uuid(_) => "UUID",
        Value::Json(_) => "JSON",
        Value::Geometry(_) => "shape",
        Value::List(_) => "list",
        Value::Pending(..) => return crate::value::pending_key(),
    };
    Error::encode(expected, format!("{kind} {}", found.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(form: Form, value: Value<'_>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        put(&mut out, form, &value)?;
        Ok(out)
    }

    #[test]
    fn integers_fit_or_are_refused() {
        assert_eq!(bytes(Form::Int2, Value::Int(-2)).unwrap(), [0xFF, 0xFE]);
        assert_eq!(bytes(Form::Int4, Value::UInt(7)).unwrap(), [0, 0, 0, 7]);
        for (form, value) in [
            (Form::Int2, Value::Int(32_768)),
            (Form::Int4, Value::Int(i64::from(i32::MIN) - 1)),
            (Form::Int8, Value::UInt(1 << 63)),
            (Form::Oid, Value::Int(-1)),
            (Form::Int8, Value::Decimal(Decimal { mantissa: 15, scale: 1 })),
        ] {
            let error = bytes(form, value).unwrap_err();
            assert!(matches!(error.kind(), crate::ErrorKind::Encode(_)), "{error}");
        }
    }

    #[test]
    fn reals_do_not_overflow_in_silence() {
        assert!(bytes(Form::Float4, Value::Float(1e39)).is_err());
        assert_eq!(bytes(Form::Float4, Value::Float(f64::INFINITY)).unwrap(), f32::INFINITY.to_be_bytes());
        assert!(bytes(Form::Float8, Value::Int((1 << 53) + 1)).is_err());
    }

    #[test]
    fn times_outside_the_servers_range_are_refused() {
        assert_eq!(bytes(Form::Date, Value::Date(10_957)).unwrap(), [0; 4]);
        for days in [i32::MIN, i32::MAX, -2_451_545 + 10_956] {
            assert!(bytes(Form::Date, Value::Date(days)).is_err(), "{days}");
        }
        for micros in [i64::MIN, MICROS + MICRO_RANGE.start - 1] {
            assert!(bytes(Form::TimestampTz, Value::Timestamp(micros)).is_err(), "{micros}");
        }
        assert!(bytes(Form::Timestamp, Value::DateTime(i64::MAX)).is_ok(), "the year 294247");
        assert!(bytes(Form::Time, Value::Time(86_400_000_001)).is_err());
    }

    #[test]
    fn texts_with_zeros_are_refused() {
        assert!(bytes(Form::Text, Value::Text("a\0b".into())).is_err());
    }

    #[test]
    fn lists_are_arrays() {
        let mut out = Vec::new();
        let list = Value::List(vec![Value::Int(1), Value::Null]);
        assert_eq!(put_slot(&mut out, Slot::Many(Form::Int2, 21), &list).unwrap(), Put::Binary);
        let words: Vec<u8> = [1, 0, 21, 2, 1, 2].iter().flat_map(|word: &i32| word.to_be_bytes()).collect();
        assert_eq!(out, [&words[..], &[0, 1], &[0xFF; 4]].concat());
        let mut out = Vec::new();
        let list = Value::List(vec![Value::Text("a\"\\,".into()), Value::Text("".into())]);
        assert_eq!(put_slot(&mut out, Slot::Many(Form::Other, 1), &list).unwrap(), Put::Text);
        assert_eq!(out, br#"{"a\"\\,",""}"#);
    }
}
