//! Which value of a statement did not fit its column, where nobody else says so.
//!
//! PostgreSQL names neither table nor column of a text that is too long or a number out of range, MySQL not the table.
//! What the values of a statement are for is known here, and the models say what their columns can hold. Nothing is looked
//! at unless a statement failed, but for numbers whose range is not that of their Rust type: SQLite would keep them, and
//! nobody could read them then.

use std::error::Error as _;

use crate::error::{Cell, Error, ErrorKind, Result};
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{Dialect, Write, Writer};
use crate::value::{Decimal, Kind, Params, Value};

/// What the values of a statement, or of a row of it, are for.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// SQL name of the table.
    pub table: &'static str,
    /// The columns of the first parameters, without those that are for none.
    pub columns: Vec<Option<&'static ColumnMeta>>,
    /// The columns whose values the database computes.
    pub computed: Vec<&'static ColumnMeta>,
    /// All columns of the table that its model shows: the database makes values of more of them than the statement names.
    pub shown: &'static [ColumnMeta],
}

impl Target {
    /// Given columns, in the order of the parameters.
    pub(crate) fn of(table: &'static str, columns: impl IntoIterator<Item = &'static ColumnMeta>) -> Self {
        Self { table, columns: columns.into_iter().map(Some).collect(), ..Self::default() }
    }

    /// Columns of a model, by their positions.
    pub(crate) fn of_model(meta: &'static ModelMeta, columns: &[usize]) -> Self {
        let columns = columns.iter().filter_map(|&at| meta.columns.get(at));
        Self { shown: meta.columns, ..Self::of(meta.table, columns) }
    }

    /// The error of a value that could not be sent, with its place.
    #[cold]
    pub(crate) fn locate(&self, error: Error, parameter: usize) -> Error {
        match self.columns.get(parameter) {
            Some(Some(column)) => error.in_column(self.table, column.name),
            _ => error.in_table(self.table),
        }
    }
}

/// The parameters of an UPDATE as the writer makes it. They know what they are for.
pub(crate) struct Assigned<'a> {
    dialect: Dialect,
    write: &'a Write<'a>,
    params: &'a [Value<'static>],
}

impl<'a> Assigned<'a> {
    pub(crate) fn new(dialect: Dialect, write: &'a Write<'a>, params: &'a [Value<'static>]) -> Self {
        Self { dialect, write, params }
    }

    fn target(&self) -> Target {
        Writer::target(self.dialect, self.write)
    }
}

impl Params for Assigned<'_> {
    fn bind(&self, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        let mut done = 0;
        let outcome = self.params.iter().try_for_each(|value| {
            put(value)?;
            done += 1;
            Ok(())
        });
        outcome.map_err(|error| self.target().locate(error, done))
    }

    fn place(&self, error: Error) -> Error {
        if !is_wanted(&error) {
            return error;
        }
        let target = self.target();
        let mut search = Search::new(&target);
        self.params.iter().for_each(|value| search.see(value));
        search.end(error)
    }
}

/// Whether a server refused a value and did not say of which table.
pub(crate) fn is_wanted(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Encode(Cell { table: None, .. })) && error.source().is_some()
}

/// Goes through the values of a statement's rows.
pub(crate) struct Search<'t> {
    target: &'t Target,
    at: usize,
    /// Columns with values that do not fit, in the first row that has any: servers take rows one after another.
    wrong: Vec<&'static str>,
    /// Columns with values of which only the server knows.
    unsure: Vec<&'static str>,
}

impl<'t> Search<'t> {
    pub(crate) fn new(target: &'t Target) -> Self {
        let unsure = target.computed.iter().map(|column| column.name).collect();
        Self { target, at: 0, wrong: Vec::new(), unsure }
    }

    /// The next value of a row.
    pub(crate) fn see(&mut self, value: &Value<'_>) {
        let column = self.target.columns.get(self.at).copied().flatten();
        self.at += 1;
        let Some(column) = column else { return };
        let found = match fits(column, value) {
            Some(true) => return,
            Some(false) => &mut self.wrong,
            None => &mut self.unsure,
        };
        if !found.contains(&column.name) {
            found.push(column.name);
        }
    }

    /// Ends a row; whether the next one is of interest.
    pub(crate) fn next_row(&mut self) -> bool {
        self.at = 0;
        self.wrong.is_empty()
    }

    /// Whether the row that was seen last is the one that the server refused: no value before it can be at fault.
    pub(crate) fn is_sure(&self, error: &Error) -> bool {
        match error.kind() {
            // The server says which column it is, whose values may all look right here.
            _ if error.parameter().is_some() => false,
            ErrorKind::Encode(Cell { column: Some(column), .. }) => {
                let has = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(column));
                has(&self.wrong) && !has(&self.unsure)
            }
            _ => !self.wrong.is_empty() && self.unsure.is_empty(),
        }
    }

    /// The error with its place: the column where there is one at fault, else the table alone.
    pub(crate) fn end(self, error: Error) -> Error {
        let table = self.target.table;
        if let ErrorKind::Encode(Cell { column: Some(column), .. }) = error.kind() {
            // A trigger may write to another table.
            let own = self.target.columns.iter().flatten().copied().chain(self.target.shown);
            let is_own = own.into_iter().any(|own| own.name.eq_ignore_ascii_case(column));
            return if is_own { error.in_table(table) } else { error };
        }
        if let Some(parameter) = error.parameter() {
            return self.target.locate(error, parameter);
        }
        match if self.wrong.is_empty() { &self.unsure[..] } else { &self.wrong[..] } {
            [column] => error.in_column(table, column),
            _ => error.in_table(table),
        }
    }
}

/// Refuses a number that is out of the range of its column.
///
/// # Errors
/// `Encode`, without the place.
pub(crate) fn check(column: &ColumnMeta, value: &Value<'_>) -> Result<()> {
    let number = matches!(value, Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Decimal(_));
    if !number || fits(column, value) != Some(false) {
        return Ok(());
    }
    let expected = match (column.kind, column.kind.range(), column.size) {
        (_, Some((low, high)), _) => an_integer(low, high),
        (Kind::Decimal(Some(scale)), _, Some(digits)) => an_exact_number(digits.into(), scale.into()),
        _ => A_NUMBER.to_owned(),
    };
    Err(Error::encode(expected, value.shown()))
}

/// What is expected of a floating point number, in messages.
pub(crate) const A_NUMBER: &str = "a number in the range of its column";

/// What is expected of an integer.
pub(crate) fn an_integer(low: i128, high: i128) -> String {
    format!("an integer from {low} to {high}")
}

/// What is expected of an exact number.
pub(crate) fn an_exact_number(digits: i64, scale: i64) -> String {
    format!("a number of {digits} digits, {scale} of them behind the point")
}

/// The same for a column of a new or changed row, by its position. The Rust types of all others but exact numbers have the
/// range of their columns.
#[inline]
pub(crate) fn check_exact(meta: &ModelMeta, column: Option<usize>, value: &Value<'_>) -> Result<()> {
    let Value::Decimal(_) = value else { return Ok(()) };
    match column.and_then(|at| meta.columns.get(at)) {
        Some(column) => check(column, value),
        None => Ok(()),
    }
}

/// Whether a column can hold a value that can be sent at all; `None` where only the server knows.
fn fits(column: &ColumnMeta, value: &Value<'_>) -> Option<bool> {
    match (column.kind, value) {
        (_, Value::Null) => Some(true),
        // Blanks behind the last character are cut off in silence.
        (Kind::Text, Value::Text(text)) => {
            let most = column.size.and_then(|size| usize::try_from(size).ok());
            Some(most.is_none_or(|most| text.trim_end_matches(' ').chars().count() <= most))
        }
        (Kind::Decimal(scale), Value::Decimal(value)) => {
            Some(column.size.is_none_or(|digits| has_digits(*value, digits, scale)))
        }
        (Kind::Decimal(scale), Value::Int(_) | Value::UInt(_)) => {
            let value = Decimal { mantissa: value.integer()?, scale: 0 };
            Some(column.size.is_none_or(|digits| has_digits(value, digits, scale)))
        }
        (kind, Value::Int(_) | Value::UInt(_) | Value::Float(_)) => Some(kind.holds(value).unwrap_or(true)),
        (Kind::Enum(labels), Value::Text(text)) => Some(labels.contains(&text.as_ref())),
        (Kind::Server | Kind::Geometry | Kind::Interval | Kind::Array(_) | Kind::Json, _) => None,
        _ => Some(true),
    }
}

/// Whether a number has so many digits at most, once it is rounded to the column's scale.
fn has_digits(value: Decimal, digits: u32, scale: Option<u32>) -> bool {
    let Some(limit) = 10_u128.checked_pow(digits) else { return true };
    let rounded = value.rescale(scale.unwrap_or(value.scale));
    rounded.is_some_and(|rounded| rounded.mantissa.unsigned_abs() < limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    static TITLE: ColumnMeta = ColumnMeta::new("title", "title", Kind::Text).sized(3);
    static BODY: ColumnMeta = ColumnMeta::new("body", "body", Kind::Text);
    static PRICE: ColumnMeta = ColumnMeta::new("price", "price", Kind::Decimal(Some(2))).sized(4);
    static STATE: ColumnMeta = ColumnMeta::new("state", "state", Kind::Enum(&["new"]));
    static TAGS: ColumnMeta = ColumnMeta::new("tags", "tags", Kind::Server);

    /// An error as a server gives it, and where it is found to be.
    fn found(target: &Target, column: Option<&str>, rows: &[&[Value<'_>]]) -> (Option<String>, Option<String>) {
        let cell = Cell { column: column.map(str::to_owned), ..Cell::default() };
        let error = Error::new(ErrorKind::Encode(cell), "").with_source("refused");
        assert!(is_wanted(&error));
        let mut search = Search::new(target);
        for row in rows {
            row.iter().for_each(|value| search.see(value));
            if !search.next_row() {
                break;
            }
        }
        let error = search.end(error);
        let ErrorKind::Encode(cell) = error.kind() else { panic!("{error:?}") };
        (cell.table.clone(), cell.column.clone())
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(text.into())
    }

    fn number(text: &str) -> Value<'static> {
        Value::Decimal(Decimal::parse(text).unwrap())
    }

    fn place(column: &str) -> (Option<String>, Option<String>) {
        (Some("post".to_owned()), Some(column.to_owned()))
    }

    #[test]
    fn the_one_that_does_not_fit_is_named() {
        let target = Target::of("post", [&TITLE, &BODY, &PRICE, &STATE]);
        let good = [text("äöü  "), text("long"), number("-99.994"), text("new")];
        let cases = [
            ([text("four"), text("long"), number("1"), text("new")], place("title")),
            ([text("abc"), text("long"), number("99.995"), text("new")], place("price")),
            ([text("abc"), text("long"), number("100"), Value::Null], place("price")),
            ([Value::Null, Value::Null, number("1"), text("old")], place("state")),
            ([text("four"), text("long"), number("100"), text("new")], (Some("post".to_owned()), None)),
        ];
        for (row, expected) in &cases {
            assert_eq!(found(&target, None, &[&good, row, &cases[0].0]), *expected, "{row:?}");
        }
        assert_eq!(found(&target, None, &[&good]), (Some("post".to_owned()), None));
    }

    #[test]
    fn what_only_the_server_knows_is_named_when_all_else_fits() {
        let mut target = Target::of("post", [&TITLE, &TAGS]);
        assert_eq!(found(&target, None, &[&[text("abc"), text("?")]]), place("tags"));
        assert_eq!(found(&target, None, &[&[text("four"), text("?")]]), place("title"));
        target.computed.push(&PRICE);
        assert_eq!(found(&target, None, &[&[text("abc"), Value::Null]]), place("price"));
        assert_eq!(found(&target, None, &[&[text("abc"), text("?")]]), (Some("post".to_owned()), None));
    }

    #[test]
    fn a_row_is_named_where_no_other_can_be_at_fault() {
        let is_sure = |target: &Target, column: Option<&str>, rows: &[&[Value<'_>]]| {
            let cell = Cell { column: column.map(str::to_owned), ..Cell::default() };
            let mut search = Search::new(target);
            for row in rows {
                row.iter().for_each(|value| search.see(value));
                search.next_row();
            }
            search.is_sure(&Error::new(ErrorKind::Encode(cell), ""))
        };
        let mut target = Target::of("post", [&TITLE, &TAGS]);
        let (good, bad) = ([text("abc"), Value::Null], [text("four"), Value::Null]);
        assert!(is_sure(&target, None, &[&good, &bad]));
        assert!(is_sure(&target, Some("title"), &[&good, &bad]));
        assert!(!is_sure(&target, Some("tags"), &[&good, &bad]), "another column of it");
        assert!(!is_sure(&target, None, &[&good, &good]));
        // One before it can be at fault by what only the server knows, unless that names the column.
        let unsure = [text("abc"), text("?")];
        assert!(!is_sure(&target, None, &[&unsure, &bad]));
        assert!(is_sure(&target, Some("title"), &[&unsure, &bad]));
        target.computed.push(&TITLE);
        assert!(!is_sure(&target, Some("title"), &[&good, &bad]));
    }

    #[test]
    fn a_column_that_the_server_names_gets_its_table() {
        let target = Target::of("post", [&TITLE]);
        assert_eq!(found(&target, Some("TITLE"), &[]), place("TITLE"));
        assert_eq!(found(&target, Some("note"), &[]), (None, Some("note".to_owned())));
        // The server computes it, or has a default for it.
        static SHOWN: [ColumnMeta; 1] = [ColumnMeta::new("length", "length", Kind::Int)];
        let target = Target { shown: &SHOWN, ..target };
        assert_eq!(found(&target, Some("length"), &[]), place("length"));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        static SMALL: ColumnMeta = ColumnMeta::new("small", "small", Kind::UnsignedSmallInt);
        static BIG: ColumnMeta = ColumnMeta::new("big", "big", Kind::BigInt);
        static REAL: ColumnMeta = ColumnMeta::new("real", "real", Kind::Real);
        static WIDE: ColumnMeta = ColumnMeta::new("wide", "wide", Kind::Decimal(Some(30))).sized(60);
        let good = [
            (&SMALL, Value::Int(65_535)),
            (&BIG, Value::UInt(1 << 62)),
            (&REAL, Value::Float(f64::INFINITY)),
            (&REAL, Value::Float(3.4e38)),
            (&PRICE, number("99.994")),
            (&PRICE, Value::Int(-99)),
            (&WIDE, number("12345678901234567890.5")),
            (&TITLE, text("four")),
            (&PRICE, Value::Null),
        ];
        good.iter().for_each(|(column, value)| check(column, value).unwrap());
        let bad = [
            (&SMALL, Value::Int(-1), "an integer from 0 to 65535, found -1"),
            (&BIG, Value::UInt(1 << 63), "to 9223372036854775807, found 9223372036854775808"),
            (&REAL, Value::Float(-3.5e38), "the range of its column"),
            (&PRICE, number("99.995"), "a number of 4 digits, 2 of them behind the point, found 99.995"),
            (&PRICE, Value::Int(100), "found 100"),
        ];
        for (column, value, expected) in &bad {
            let error = check(column, value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_was_not_sent_is_for_others_to_locate() {
        assert!(!is_wanted(&Error::encode("a number", "NaN")));
        assert!(!is_wanted(&Error::decode("a number", "NaN").with_source("refused")));
        let target = Target { columns: vec![None, Some(&TITLE)], ..Target::of("post", []) };
        assert_eq!(
            target.locate(Error::encode("a", "b"), 1).to_string(),
            "cannot write column \"title\" of \"post\": expected a, found b"
        );
        assert_eq!(
            target.locate(Error::encode("a", "b"), 0).to_string(),
            "cannot write a value of \"post\": expected a, found b"
        );
    }
}
