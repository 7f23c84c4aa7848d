//! How values of one type become values of another on each database.

use crate::ir::quote::quote_string;
use crate::ir::{DialectName, SqlType};
use crate::migrate::state::{State, Type};

/// How values are converted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conversion {
    /// The new value as an expression over the old column, where it is more than the value itself.
    pub expr: Option<String>,
    /// A condition that holds for values that have no counterpart, and what is wrong with them.
    pub misfit: Option<(String, String)>,
    /// Whether values may lose something that no condition finds.
    pub lossy: bool,
}

/// What types have in common as far as conversions go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Family {
    /// Whole numbers, with the smallest and the largest.
    Int(i128, i128),
    Float,
    /// Precision and scale.
    Decimal(Option<(u32, u32)>),
    Boolean,
    /// Text of at most so many characters.
    Text(Option<u32>),
    Bytes,
    Date,
    Time,
    DateTime,
    Timestamp,
    Interval,
    Uuid,
    Json,
    Enum(Vec<String>),
    Array,
    /// Spelled by hand.
    Raw,
}

fn family(ty: &Type, state: &State) -> Family {
    let plain = match ty {
        Type::Named(name) => return Family::Enum(state.enums.get(name).cloned().unwrap_or_default()),
        Type::Array(_) => return Family::Array,
        Type::Plain(plain) => plain,
    };
    let int = |bits: u32, unsigned: bool| match unsigned {
        true => Family::Int(0, (1_i128 << bits) - 1),
        false => Family::Int(-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
    };
    match plain {
        SqlType::TinyInt { unsigned } => int(8, *unsigned),
        SqlType::SmallInt { unsigned } => int(16, *unsigned),
        SqlType::Integer { unsigned } => int(32, *unsigned),
        SqlType::BigInt { unsigned } => int(64, *unsigned),
        SqlType::Real | SqlType::Double => Family::Float,
        SqlType::Decimal(size) => Family::Decimal(*size),
        SqlType::Boolean => Family::Boolean,
        SqlType::String(length) => Family::Text(Some(*length)),
        SqlType::Text => Family::Text(None),
        SqlType::Bytes => Family::Bytes,
        SqlType::Date => Family::Date,
        SqlType::Time => Family::Time,
        SqlType::DateTime => Family::DateTime,
        SqlType::Timestamp => Family::Timestamp,
        SqlType::Interval => Family::Interval,
        SqlType::Uuid => Family::Uuid,
        SqlType::Json => Family::Json,
        _ => Family::Raw,
    }
}

/// Whether any value of the one type is a value of the other, written the same: such a change loses nothing.
pub(crate) fn widens(from: &Type, to: &Type, state: &State) -> bool {
    match (family(from, state), family(to, state)) {
        (Family::Int(low, high), Family::Int(least, most)) => least <= low && high <= most,
        (Family::Int(..), Family::Decimal(None)) => true,
        (Family::Int(low, high), Family::Decimal(Some((precision, scale)))) => {
            let digits = precision.saturating_sub(scale);
            digits > 38 || (low.abs().max(high) < 10_i128.pow(digits))
        }
        (Family::Text(from), Family::Text(to)) => fits(from, to),
        (Family::Decimal(from), Family::Decimal(to)) => match (from, to) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((p, s)), Some((precision, scale))) => s <= scale && p - s.min(p) <= precision - scale.min(precision),
        },
        (Family::Enum(_) | Family::Uuid | Family::Date, Family::Text(None)) => true,
        (Family::Enum(from), Family::Enum(to)) => from.iter().all(|label| to.contains(label)),
        (Family::Float, Family::Float) => from == to || *to == Type::Plain(SqlType::Double),
        (a, b) => a == b && from == to,
    }
}

fn fits(from: Option<u32>, to: Option<u32>) -> bool {
    match (from, to) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(from), Some(to)) => from <= to,
    }
}

/// The conversion of a column, whose quoted name is given. `None` when there is none that is known: somebody has to say
/// `using`.
pub(crate) fn conversion(from: &Type, to: &Type, state: &State, dialect: DialectName, c: &str) -> Option<Conversion> {
    let (old, new) = (family(from, state), family(to, state));
    let case = Case { old, new, dialect, c };
    case.conversion()
}

struct Case<'a> {
    old: Family,
    new: Family,
    dialect: DialectName,
    c: &'a str,
}

impl Case<'_> {
    fn conversion(&self) -> Option<Conversion> {
        use Family::{
            Array, Boolean, Bytes, Date, DateTime, Decimal, Enum, Float, Int, Json, Raw, Text, Time, Timestamp, Uuid,
        };
        let c = self.c;
        Some(match (&self.old, &self.new) {
            (Raw, _) | (_, Raw) => Conversion { lossy: true, ..Conversion::default() },
            (Int(low, high), Int(least, most)) if least <= low && high <= most => Conversion::default(),
            (Int(..), Int(least, most)) => {
                self.refusing(format!("{c} < {least} OR {c} > {most}"), "are out of the new type's range")
            }
            (Int(..) | Decimal(_), Float) | (Int(..), Decimal(None)) => Conversion::default(),
            (Int(..) | Decimal(_) | Float, Decimal(Some((precision, scale)))) => self.to_decimal(*precision, *scale),
            (Float | Decimal(_), Decimal(None)) | (Float, Float) => Conversion { lossy: true, ..Conversion::default() },
            (Decimal(_) | Float, Int(least, most)) => {
                let condition = format!("{c} <> ROUND({c}) OR {c} < {least} OR {c} > {most}");
                let expr = (self.dialect == DialectName::Sqlite).then(|| format!("CAST({c} AS INTEGER)"));
                Conversion { expr, ..self.refusing(condition, "are no whole numbers of the new type") }
            }
            (Boolean, Int(..)) => self.on_postgres(format!("{c}::integer")),
            (Int(..), Boolean) => Conversion {
                expr: self.pg(format!("{c} <> 0")),
                ..self.refusing(format!("{c} NOT IN (0, 1)"), "are neither 0 nor 1")
            },
            (Text(from), Text(to)) if fits(*from, *to) => Conversion::default(),
            (_, Text(length)) => self.to_text(*length)?,
            (Text(_), Enum(labels)) | (Enum(_), Enum(labels)) => self.to_enum(labels),
            (Text(_), _) => self.parsed()?,
            (Date, DateTime | Timestamp) => match self.dialect {
                DialectName::Sqlite => self.by(format!("{c} || ' 00:00:00.000000'")),
                DialectName::Postgres if self.new == Timestamp => self.by(format!("{c}::timestamp AT TIME ZONE 'UTC'")),
                _ => Conversion::default(),
            },
            (DateTime, Timestamp) | (Timestamp, DateTime) => self.on_postgres(format!("{c} AT TIME ZONE 'UTC'")),
            (DateTime | Timestamp, Date) => Conversion { lossy: true, ..self.moment_part("date", 1, 10) },
            (DateTime | Timestamp, Time) => Conversion { lossy: true, ..self.moment_part("time", 12, 15) },
            (Bytes, Bytes) | (Uuid, Uuid) | (Json, Json) => Conversion::default(),
            (Array, Array) => Conversion { lossy: true, ..Conversion::default() },
            (_, Array) if self.dialect == DialectName::Postgres => self.by(format!("ARRAY[{c}]")),
            (old, new) if old == new => Conversion::default(),
            _ => return None,
        })
    }

    fn by(&self, expr: String) -> Conversion {
        Conversion { expr: Some(expr), ..Conversion::default() }
    }

    fn pg(&self, expr: String) -> Option<String> {
        (self.dialect == DialectName::Postgres).then_some(expr)
    }

    fn on_postgres(&self, expr: String) -> Conversion {
        Conversion { expr: self.pg(expr), ..Conversion::default() }
    }

    fn refusing(&self, condition: String, what: &str) -> Conversion {
        Conversion { misfit: Some((condition, what.to_owned())), ..Conversion::default() }
    }

    fn to_decimal(&self, precision: u32, scale: u32) -> Conversion {
        let c = self.c;
        let most = format!("1e{}", precision.saturating_sub(scale));
        // PostgreSQL rounds exact numbers only.
        let exact = if self.dialect == DialectName::Postgres { "::numeric" } else { "" };
        self.refusing(
            format!("{c} <> ROUND({c}{exact}, {scale}) OR ABS({c}) >= {most}"),
            "do not fit the new precision and scale",
        )
    }

    /// As text, by the words that the database has for it; truth values by the same words everywhere.
    fn to_text(&self, length: Option<u32>) -> Option<Conversion> {
        let c = self.c;
        let expr = match (&self.old, self.dialect) {
            (Family::Boolean, _) => Some(format!("CASE WHEN {c} THEN 'true' WHEN NOT {c} THEN 'false' END")),
            (Family::Bytes, DialectName::Postgres) => Some(format!("convert_from({c}, 'UTF8')")),
            (Family::Array | Family::Interval, _) => return None,
            (Family::Text(_), _) => None,
            (_, DialectName::Postgres) => Some(format!("{c}::text")),
            (_, DialectName::Sqlite) => Some(format!("CAST({c} AS TEXT)")),
            (_, DialectName::Mysql) => None,
        };
        let text = match (&expr, self.dialect) {
            (Some(expr), _) => expr.clone(),
            (None, DialectName::Mysql) if !matches!(self.old, Family::Text(_)) => format!("CAST({c} AS CHAR)"),
            (None, _) => c.to_owned(),
        };
        let count = if self.dialect == DialectName::Sqlite { "length" } else { "char_length" };
        let misfit = length
            .map(|length| (format!("{count}({text}) > {length}"), format!("are longer than {length} characters")));
        Some(Conversion { expr, misfit, lossy: false })
    }

    fn to_enum(&self, labels: &[String]) -> Conversion {
        let c = self.c;
        let list: Vec<String> = labels.iter().map(|label| quote_string(self.dialect, label)).collect();
        let text = if self.dialect == DialectName::Postgres { format!("{c}::text") } else { c.to_owned() };
        let condition = format!("{text} NOT IN ({})", list.join(", "));
        Conversion { expr: self.pg(text), ..self.refusing(condition, "are no labels of the enum") }
    }

    /// Text as something else. SQLite takes anything, so it has to be asked before; so has MySQL, where a refusal comes
    /// after other statements were committed; and PostgreSQL where it is easily said.
    fn parsed(&self) -> Option<Conversion> {
        use Family::{Boolean, Bytes, Date, DateTime, Decimal, Float, Int, Json, Time, Timestamp, Uuid};
        let c = self.c;
        let what = "cannot be read as the new type";
        let whole = "^ *[-+]?[0-9]+ *$";
        let number = "^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *$";
        if self.dialect == DialectName::Postgres {
            let unlike = |form: &str| self.refusing(format!("{c} !~ '{form}'"), what);
            return Some(match self.new {
                Timestamp => self.by(format!("{c}::timestamp AT TIME ZONE 'UTC'")),
                Bytes => self.by(format!("convert_to({c}, 'UTF8')")),
                Int(..) => unlike(whole),
                Decimal(_) | Float => unlike(number),
                Boolean | Date | Time | DateTime | Uuid | Json => Conversion::default(),
                _ => return None,
            });
        }
        if self.dialect == DialectName::Mysql {
            let unlike = |form: &str| self.refusing(format!("{c} NOT REGEXP '{form}'"), what);
            let cast = |ty: &str| self.refusing(format!("{c} IS NOT NULL AND CAST({c} AS {ty}) IS NULL"), what);
            return Some(match self.new {
                Json => self.refusing(format!("NOT JSON_VALID({c})"), "are no JSON"),
                Boolean => self.refusing(format!("{c} NOT IN ('0', '1')"), "are neither 0 nor 1"),
                Int(..) => unlike(whole),
                Decimal(_) | Float => unlike(number),
                Date => cast("DATE"),
                Time => cast("TIME(6)"),
                DateTime | Timestamp => cast("DATETIME(6)"),
                Uuid => self.refusing(format!("char_length({c}) <> 36"), what),
                Bytes => Conversion::default(),
                _ => return None,
            });
        }
        let number = format!("trim({c}) = '' OR {c} GLOB '*[^0-9.eE+-]*' OR {c} NOT GLOB '*[0-9]*'");
        Some(match self.new {
            Int(..) => Conversion {
                expr: Some(format!("CAST({c} AS INTEGER)")),
                ..self.refusing(format!("CAST(CAST({c} AS INTEGER) AS TEXT) <> {c}"), what)
            },
            Decimal(_) => Conversion { expr: Some(format!("CAST({c} AS NUMERIC)")), ..self.refusing(number, what) },
            Float => Conversion { expr: Some(format!("CAST({c} AS REAL)")), ..self.refusing(number, what) },
            Boolean => Conversion {
                expr: Some(format!("CASE WHEN lower({c}) IN ('true', 't', '1') THEN 1 ELSE 0 END")),
                ..self.refusing(format!("lower({c}) NOT IN ('true', 't', '1', 'false', 'f', '0')"), what)
            },
            Date => self.moment("%Y-%m-%d", what),
            Time => self.moment("%H:%M:%f000", what),
            DateTime | Timestamp => self.moment("%Y-%m-%d %H:%M:%f000", what),
            Uuid => self.refusing(format!("length({c}) <> 36"), what),
            Json => self.refusing(format!("NOT json_valid({c})"), what),
            Bytes => self.by(format!("CAST({c} AS BLOB)")),
            _ => return None,
        })
    }

    fn moment(&self, form: &str, what: &str) -> Conversion {
        let expr = format!("strftime('{form}', {})", self.c);
        Conversion { misfit: Some((format!("{expr} IS NULL"), what.to_owned())), expr: Some(expr), lossy: false }
    }

    /// The date or the time of a moment.
    fn moment_part(&self, ty: &str, start: u32, length: u32) -> Conversion {
        let c = self.c;
        match (self.dialect, &self.old) {
            (DialectName::Sqlite, _) => self.by(format!("substr({c}, {start}, {length})")),
            (DialectName::Postgres, Family::Timestamp) => self.by(format!("({c} AT TIME ZONE 'UTC')::{ty}")),
            (DialectName::Postgres, _) => self.by(format!("{c}::{ty}")),
            (DialectName::Mysql, _) => Conversion::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DialectName::{Mysql, Postgres, Sqlite};

    fn of(from: SqlType, to: SqlType, dialect: DialectName) -> Option<Conversion> {
        conversion(&Type::Plain(from), &Type::Plain(to), &State::default(), dialect, "c")
    }

    #[test]
    fn what_fits_needs_nothing() {
        let none = Some(Conversion::default());
        for dialect in [Sqlite, Postgres, Mysql] {
            assert_eq!(of(SqlType::String(20), SqlType::String(40), dialect), none);
            assert_eq!(of(SqlType::String(20), SqlType::Text, dialect), none);
            assert_eq!(of(SqlType::Integer { unsigned: false }, SqlType::BigInt { unsigned: false }, dialect), none);
        }
    }

    #[test]
    fn what_may_not_fit_is_asked_first() {
        let misfit = |from, to, dialect| of(from, to, dialect).unwrap().misfit.unwrap().0;
        assert_eq!(misfit(SqlType::Text, SqlType::String(5), Sqlite), "length(c) > 5");
        assert_eq!(misfit(SqlType::Text, SqlType::String(5), Mysql), "char_length(c) > 5");
        let (big, tiny) = (SqlType::BigInt { unsigned: false }, SqlType::TinyInt { unsigned: false });
        assert_eq!(misfit(big.clone(), tiny, Postgres), "c < -128 OR c > 127");
        assert_eq!(misfit(SqlType::Text, big, Sqlite), "CAST(CAST(c AS INTEGER) AS TEXT) <> c");
    }

    #[test]
    fn what_nobody_can_know_is_refused() {
        assert_eq!(of(SqlType::Integer { unsigned: false }, SqlType::Uuid, Postgres), None);
        assert_eq!(of(SqlType::Boolean, SqlType::Date, Mysql), None);
        assert_eq!(of(SqlType::Json, SqlType::Integer { unsigned: false }, Sqlite), None);
    }

    #[test]
    fn single_values_become_arrays_where_there_are_some() {
        let array = |ty: SqlType| Type::Array(Box::new(Type::Plain(ty)));
        let of = |from: &Type, to: &Type, dialect| conversion(from, to, &State::default(), dialect, "c");
        let (one, many) = (Type::Plain(SqlType::Uuid), array(SqlType::Uuid));
        assert_eq!(of(&one, &many, Postgres).unwrap().expr.as_deref(), Some("ARRAY[c]"));
        assert!(of(&array(SqlType::Text), &many, Postgres).unwrap().lossy);
        assert_eq!(of(&many, &one, Postgres), None);
    }

    #[test]
    fn widening_is_known() {
        let known = |from, to| widens(&Type::Plain(from), &Type::Plain(to), &State::default());
        assert!(known(SqlType::Decimal(Some((10, 2))), SqlType::Decimal(Some((12, 2)))));
        assert!(!known(SqlType::Decimal(Some((10, 2))), SqlType::Decimal(Some((12, 6)))));
        assert!(!known(SqlType::Text, SqlType::String(10)));
        assert!(known(SqlType::TinyInt { unsigned: true }, SqlType::SmallInt { unsigned: false }));
        assert!(!known(SqlType::Double, SqlType::Real));
    }
}
