//! Types of a user's own, for specs with `types:`.

use std::fmt;
use std::net::IpAddr;

use pilaster::Codec;

/// An e-mail address: text with something on both sides of an `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address, whatever it is.
    pub fn unchecked(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn check(text: String) -> Result<Self, String> {
        match text.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(Self(text)),
            _ => Err(format!("{text:?}, which is no e-mail address")),
        }
    }
}

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
        Self::check(value.0.clone()).map(|email| email.0)
    }

    fn decode(sql: String) -> Result<Self, String> {
        Self::check(sql)
    }
}

/// An amount of money in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cents(pub i64);

impl Codec for Cents {
    type Value = Self;
    type Sql = i64;

    fn encode(value: &Self) -> Result<i64, String> {
        Ok(value.0)
    }

    fn decode(sql: i64) -> Result<Self, String> {
        Ok(Self(sql))
    }
}

/// Keeps an address of the standard library as text.
#[derive(Debug)]
pub enum IpCodec {}

impl Codec for IpCodec {
    type Value = IpAddr;
    type Sql = String;

    fn encode(value: &IpAddr) -> Result<String, String> {
        Ok(value.to_string())
    }

    fn decode(sql: String) -> Result<IpAddr, String> {
        sql.parse().map_err(|_| format!("{sql:?}, which is no IP address"))
    }
}
