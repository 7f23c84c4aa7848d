//! The custom types of the spec.

use std::fmt;
use std::time::Duration;

use pilaster::Codec;

/// An e-mail address: text with something on both sides of an `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl From<&str> for Email {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Codec for Email {
    type Value = Self;
    type Sql = String;

    fn encode(value: &Self) -> Result<String, String> {
        Self::decode(value.0.clone()).map(|email| email.0)
    }

    fn decode(sql: String) -> Result<Self, String> {
        match sql.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(Self(sql)),
            _ => Err(format!("{sql:?}, which is no e-mail address")),
        }
    }
}

/// Carries a [`Duration`] over a column of whole seconds.
#[derive(Debug)]
pub enum SecondsCodec {}

impl Codec for SecondsCodec {
    type Value = Duration;
    type Sql = i64;

    fn encode(value: &Duration) -> Result<i64, String> {
        i64::try_from(value.as_secs()).map_err(|_| "a duration that is too long".to_owned())
    }

    fn decode(sql: i64) -> Result<Duration, String> {
        u64::try_from(sql).map(Duration::from_secs).map_err(|_| format!("{sql}, which is negative"))
    }
}
