//! Spans of time as PostgreSQL has them: months, days and microseconds, which no number of seconds can stand for.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{column_type, operand};
use crate::error::{Error, Result};
use crate::value::{Kind, Value, quoted};

/// A span of time. Months and days are apart from the rest, since neither has a fixed length.
///
/// Its text is ISO 8601's, with a sign at every part that is negative: `P1Y2M-3DT4H5M6.5S`.
///
/// ```
/// let interval: pilaster::Interval = "P1Y2M-3DT1H".parse().unwrap();
/// assert_eq!((interval.months, interval.days, interval.micros), (14, -3, 3_600_000_000));
/// assert_eq!(interval.to_string(), "P1Y2M-3DT1H");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interval {
    /// Months; twelve of them are a year.
    pub months: i32,
    /// Days, which are longer or shorter where clocks change.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        for (amount, unit) in [(self.months / 12, 'Y'), (self.months % 12, 'M'), (self.days, 'D')] {
            if amount != 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        if self.micros == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        let minutes = self.micros / 60_000_000;
        for (amount, unit) in [(minutes / 60, 'H'), (minutes % 60, 'M')] {
            if amount != 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        let rest = self.micros % 60_000_000;
        if rest == 0 {
            return Ok(());
        }
        let (sign, rest) = (if rest < 0 { "-" } else { "" }, rest.unsigned_abs());
        write!(f, "{sign}{}", rest / 1_000_000)?;
        if rest % 1_000_000 != 0 {
            write!(f, ".{:06}", rest % 1_000_000)?;
        }
        f.write_str("S")
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| Error::decode("an interval such as P1DT2H of ISO 8601", quoted(text)))
    }
}

fn parse(text: &str) -> Option<Interval> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
    let mut found = Interval::default();
    let (mut rest, mut parts) = (date, 0);
    while !rest.is_empty() {
        let (number, unit, behind) = part(rest)?;
        let whole: i32 = number.parse().ok()?;
        match unit {
            'Y' => found.months = found.months.checked_add(whole.checked_mul(12)?)?,
            'M' => found.months = found.months.checked_add(whole)?,
            'W' => found.days = found.days.checked_add(whole.checked_mul(7)?)?,
            'D' => found.days = found.days.checked_add(whole)?,
            _ => return None,
        }
        (rest, parts) = (behind, parts + 1);
    }
    rest = time.unwrap_or("");
    if time == Some("") {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, behind) = part(rest)?;
        let micros = match unit {
            'H' => number.parse::<i64>().ok()?.checked_mul(3_600_000_000)?,
            'M' => number.parse::<i64>().ok()?.checked_mul(60_000_000)?,
            'S' => seconds(number)?,
            _ => return None,
        };
        found.micros = found.micros.checked_add(micros)?;
        (rest, parts) = (behind, parts + 1);
    }
    (parts > 0).then_some(found)
}

/// A number, its unit and what stands behind.
fn part(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, rest) = text.split_at(at);
    let unit = rest.chars().next()?;
    Some((number, unit, rest.get(1..)?))
}

/// Seconds with at most six digits behind the point, in microseconds.
fn seconds(number: &str) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: i64 = digits.then(|| format!("{fraction:0<6}"))?.parse().ok()?;
    let micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    micros.checked_add(if whole.starts_with('-') { -fraction } else { fraction })
}

impl TryFrom<Duration> for Interval {
    type Error = Error;

    fn try_from(duration: Duration) -> Result<Self> {
        let micros = i64::try_from(duration.as_micros());
        let micros = micros.map_err(|_| Error::encode("an interval of 64 bits of microseconds", "a longer one"))?;
        Ok(Self { micros, ..Self::default() })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Interval {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Interval {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

column_type!(Interval, Interval, Kind::Interval, |row, at| row.with_text(at, str::parse)?.transpose(), |value| {
    Value::Text(Cow::Owned(value.to_string()))
});
operand!(Interval: Interval);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back_as_they_were_written() {
        for (months, days, micros) in [
            (0, 0, 0),
            (14, -3, 3_600_000_000),
            (-1, 0, -500_000),
            (i32::MAX, i32::MIN, i64::MAX),
            (i32::MIN, i32::MAX, i64::MIN),
            (0, 0, 1),
            (0, 1, 59_999_999),
        ] {
            let interval = Interval { months, days, micros };
            assert_eq!(interval.to_string().parse::<Interval>().unwrap(), interval, "{interval}");
        }
        assert_eq!("P2W".parse::<Interval>().unwrap().days, 14);
        assert_eq!("PT-0.5S".parse::<Interval>().unwrap().micros, -500_000);
    }

    #[test]
    fn other_texts_are_refused() {
        for wrong in
            ["", "P", "PT", "P1", "1D", "P1H", "PT1D", "P1.5D", "PT1.0000001S", "P99999999999D", "P1Dx", "Pé1D"]
        {
            assert!(wrong.parse::<Interval>().is_err(), "{wrong:?}");
        }
        assert!(Interval::try_from(Duration::MAX).is_err());
        assert_eq!(Interval::try_from(Duration::from_millis(5)).unwrap().micros, 5_000);
    }
}
