//! A type of our own over a column: an e-mail address.

use std::fmt;

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

impl Email {
    fn check(text: String) -> Result<Self, String> {
        match text.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(Self(text)),
            _ => Err(format!("{text:?}, which is no e-mail address")),
        }
    }
}

/// How it is stored: as text, checked on the way in and on the way out.
impl pilaster::Codec for Email {
    type Value = Self;
    type Sql = String;

    fn encode(value: &Self) -> Result<String, String> {
        Self::check(value.0.clone()).map(|email| email.0)
    }

    fn decode(sql: String) -> Result<Self, String> {
        Self::check(sql)
    }
}
