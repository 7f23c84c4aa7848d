//! Dates, times and UUIDs as text and as fields: one fixed form when written, every usual form when read.

/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one; eras are 400 years of 146,097 days.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether a day lies in the years 0 to 9999, whose texts sort as their dates do.
pub(crate) fn is_writable_day(days: i64) -> bool {
    (-719_528..=2_932_896).contains(&days)
}

/// Two decimal digits.
fn pair(value: i64) -> [u8; 2] {
    let value = u8::try_from(value.rem_euclid(100)).unwrap_or(0);
    [b'0' + value / 10, b'0' + value % 10]
}

/// `YYYY-MM-DD`, for a day of [`is_writable_day`].
pub(crate) fn date_text(days: i64) -> [u8; 10] {
    let (year, month, day) = civil_from_days(days);
    let ([a, b], [c, d], [e, f], [g, h]) = (pair(year / 100), pair(year), pair(month), pair(day));
    [a, b, c, d, b'-', e, f, b'-', g, h]
}

/// `HH:MM:SS.ffffff`, for a time within a day.
pub(crate) fn time_text(micros: i64) -> [u8; 15] {
    let (seconds, rest) = (micros / SECOND, micros % SECOND);
    let ([a, b], [c, d], [e, f]) = (pair(seconds / 3_600), pair(seconds / 60 % 60), pair(seconds % 60));
    let ([g, h], [i, j], [k, l]) = (pair(rest / 10_000), pair(rest / 100), pair(rest));
    [a, b, b':', c, d, b':', e, f, b'.', g, h, i, j, k, l]
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`, for a time on a day of [`is_writable_day`].
pub(crate) fn datetime_text(micros: i64) -> [u8; 26] {
    let mut text = [b' '; 26];
    text[..10].copy_from_slice(&date_text(micros.div_euclid(DAY)));
    text[11..].copy_from_slice(&time_text(micros.rem_euclid(DAY)));
    text
}

/// A UUID as 36 lower-case characters.
pub(crate) fn uuid_text(uuid: [u8; 16]) -> [u8; 36] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    let mut text = [b'-'; 36];
    let mut digits = uuid.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    for (at, place) in text.iter_mut().enumerate() {
        if !matches!(at, 8 | 13 | 18 | 23) {
            *place = digits.next().unwrap_or(b'0');
        }
    }
    text
}

/// The date of any day, for people: `YYYY-MM-DD`, with a sign before the year 0.
pub(crate) fn date_shown(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

/// Any time of a day or span of hours, for people: `HH:MM:SS`, and what is left of a second.
pub(crate) fn time_shown(micros: i64) -> String {
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
    if rest == 0 { text } else { format!("{text}.{rest:06}").trim_end_matches('0').to_owned() }
}

/// The date and time of any instant, for people.
pub(crate) fn datetime_shown(micros: i64) -> String {
    format!("{} {}", date_shown(micros.div_euclid(DAY)), time_shown(micros.rem_euclid(DAY)))
}

/// Reads a text from its beginning.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    /// Takes exactly so many digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        let value = taken
            .iter()
            .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))?;
        self.0 = rest;
        Some(value)
    }

    fn accept(&mut self, wanted: &[u8]) -> bool {
        match self.0.split_first() {
            Some((byte, rest)) if wanted.contains(byte) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, wanted: &[u8]) -> Option<()> {
        self.accept(wanted).then_some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// `YYYY-MM-DD` in days.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        self.expect(b"-")?;
        let month = self.number(2)?;
        self.expect(b"-")?;
        let day = self.number(2)?;
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        valid.then(|| days_from_civil(year, month, day))
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…` in microseconds; further digits are cut off.
    fn time(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.expect(b":")?;
        let minute = self.number(2)?;
        let mut second = 0;
        let mut micros = 0;
        if self.accept(b":") {
            second = self.number(2)?;
            if self.accept(b".") {
                micros = self.fraction()?;
            }
        }
        let valid = hour <= 23 && minute <= 59 && second <= 59;
        valid.then(|| ((hour * 60 + minute) * 60 + second) * SECOND + micros)
    }

    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (taken, rest) = self.0.split_at_checked(count)?;
        let mut micros = 0;
        for at in 0..6 {
            micros = micros * 10 + taken.get(at).map_or(0, |byte| i64::from(byte - b'0'));
        }
        self.0 = rest;
        (count > 0).then_some(micros)
    }

    /// Nothing, `Z`, or an offset from UTC, in microseconds.
    fn offset(&mut self) -> Option<i64> {
        self.accept(b" ");
        if self.accept(b"Zz") || self.0.is_empty() {
            return Some(0);
        }
        let sign = if self.accept(b"-") { -1 } else { self.expect(b"+").map(|()| 1)? };
        let hours = self.number(2)?;
        self.accept(b":");
        let minutes = if self.0.is_empty() { 0 } else { self.number(2)? };
        (hours <= 23 && minutes <= 59).then(|| sign * (hours * 60 + minutes) * 60 * SECOND)
    }

    /// A date with or without a time behind it, in microseconds.
    fn date_and_time(&mut self) -> Option<i64> {
        let days = self.date()?;
        let time = if self.accept(b" Tt") { self.time()? } else { 0 };
        Some(days * DAY + time)
    }
}

/// Reads `YYYY-MM-DD`; a midnight behind it, as other tools write it, is accepted.
pub(crate) fn read_date(text: &[u8]) -> Option<i64> {
    let micros = read_datetime(text)?;
    (micros.rem_euclid(DAY) == 0).then(|| micros.div_euclid(DAY))
}

/// Reads `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…`.
pub(crate) fn read_time(text: &[u8]) -> Option<i64> {
    let mut reader = Reader(text);
    let micros = reader.time()?;
    reader.end().map(|()| micros)
}

/// Reads `YYYY-MM-DD`, or with a time behind a blank or `T`.
pub(crate) fn read_datetime(text: &[u8]) -> Option<i64> {
    let mut reader = Reader(text);
    let micros = reader.date_and_time()?;
    reader.end().map(|()| micros)
}

/// Reads what [`read_datetime`] does, with `Z` or an offset behind it; without one the time is UTC.
pub(crate) fn read_timestamp(text: &[u8]) -> Option<i64> {
    let mut reader = Reader(text);
    let micros = reader.date_and_time()?;
    let offset = reader.offset()?;
    reader.end().map(|()| micros - offset)
}

/// Microseconds of a number of seconds since 1970, as `unixepoch()` gives it; within the years 0 to 9999.
pub(crate) fn from_unix_seconds(seconds: i64) -> Option<i64> {
    is_writable_day(seconds.div_euclid(86_400)).then(|| seconds * SECOND)
}

/// Reads a UUID of 32 hexadecimal digits, with or without hyphens between its groups.
pub(crate) fn read_uuid(text: &[u8]) -> Option<[u8; 16]> {
    let mut uuid = [0_u8; 16];
    let hyphens = text.len() == 36;
    let mut reader = Reader(text);
    for (at, byte) in uuid.iter_mut().enumerate() {
        if hyphens && matches!(at, 4 | 6 | 8 | 10) {
            reader.expect(b"-")?;
        }
        let (pair, rest) = reader.0.split_at_checked(2)?;
        let mut value = 0;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
        reader.0 = rest;
    }
    reader.end().map(|()| uuid)
}

#[cfg(test)]
#[path = "civil_tests.rs"]
mod tests;
