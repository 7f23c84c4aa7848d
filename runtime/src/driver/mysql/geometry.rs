//! Shapes between the text that people write (WKT, with `SRID=4326;` in front where there is a reference system) and the
//! bytes of MySQL: the number of the reference system, then WKB.

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::value::quoted;

const EXPECTED: &str = "a shape as WKT, such as POINT(1 2)";
/// Collections within collections.
const DEPTH: u32 = 16;

/// The kinds, in the order of their numbers, which begin at 1.
const NAMES: [&str; 7] =
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];

/// The bytes of a text.
pub(super) fn encode(text: &str) -> Result<Vec<u8>> {
    let mut reader = Text { rest: text };
    read(&mut reader).ok_or_else(|| Error::encode(EXPECTED, quoted(text)))
}

fn read(reader: &mut Text<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let srid: u32 = match reader.word("SRID=") {
        true => reader.number_of(|c| c.is_ascii_digit()).filter(|_| reader.sign(';'))?,
        false => 0,
    };
    out.extend_from_slice(&srid.to_le_bytes());
    reader.shape(&mut out, 0)?;
    reader.rest.trim().is_empty().then_some(out)
}

/// What is left of a text.
struct Text<'t> {
    rest: &'t str,
}

impl Text<'_> {
    fn word(&mut self, word: &str) -> bool {
        let text = self.rest.trim_start();
        let found = text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        if found {
            self.rest = text.get(word.len()..).unwrap_or("");
        }
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let behind = self.rest.trim_start().strip_prefix(sign);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    fn number_of<T: std::str::FromStr>(&mut self, is_part: fn(char) -> bool) -> Option<T> {
        let text = self.rest.trim_start();
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let number = text.get(..end)?.parse().ok()?;
        self.rest = text.get(end..)?;
        Some(number)
    }

    fn shape(&mut self, out: &mut Vec<u8>, depth: u32) -> Option<()> {
        // Longer names first where one begins another; MySQL also says GEOMCOLLECTION.
        let kind = match self.word("GEOMCOLLECTION") {
            true => 6,
            false => NAMES.iter().position(|name| self.word(name))?,
        };
        out.push(1);
        out.extend_from_slice(&u32::try_from(kind + 1).ok()?.to_le_bytes());
        if kind == 0 {
            return self.in_parentheses(|text| text.point(out));
        }
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        let mut count = 0_u32;
        if !self.word("EMPTY") {
            self.in_parentheses(|text| {
                loop {
                    text.part(kind, out, depth)?;
                    count += 1;
                    if !text.sign(',') {
                        return Some(());
                    }
                }
            })?;
        }
        out.get_mut(at..at + 4)?.copy_from_slice(&count.to_le_bytes());
        Some(())
    }

    /// One of the parts of a shape of some kind.
    fn part(&mut self, kind: usize, out: &mut Vec<u8>, depth: u32) -> Option<()> {
        match kind {
            1 => self.point(out),
            2 => self.line(out),
            3 => {
                header(out, 1);
                // Both forms are in use.
                if self.rest.trim_start().starts_with('(') {
                    self.in_parentheses(|text| text.point(out))
                } else {
                    self.point(out)
                }
            }
            4 => {
                header(out, 2);
                self.line(out)
            }
            5 => {
                header(out, 3);
                self.several(out, Self::line)
            }
            _ if depth < DEPTH => self.shape(out, depth + 1),
            _ => None,
        }
    }

    fn line(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.several(out, Self::point)
    }

    /// Parts in parentheses behind their number.
    fn several(&mut self, out: &mut Vec<u8>, part: fn(&mut Self, &mut Vec<u8>) -> Option<()>) -> Option<()> {
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        let mut count = 0_u32;
        self.in_parentheses(|text| {
            loop {
                part(text, out)?;
                count += 1;
                if !text.sign(',') {
                    return Some(());
                }
            }
        })?;
        out.get_mut(at..at + 4)?.copy_from_slice(&count.to_le_bytes());
        Some(())
    }

    fn in_parentheses(&mut self, mut inner: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.sign('(') {
            return None;
        }
        inner(self)?;
        self.sign(')').then_some(())
    }

    fn point(&mut self, out: &mut Vec<u8>) -> Option<()> {
        for _ in 0..2 {
            let number = self.number_of::<f64>(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))?;
            out.extend_from_slice(&number.is_finite().then_some(number)?.to_le_bytes());
        }
        Some(())
    }
}

/// What stands before a shape: its byte order and kind.
fn header(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
}

/// The text of bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<String> {
    let wrong = || Error::decode("the bytes of a shape", format!("{} other ones", bytes.len()));
    let (srid, wkb) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
    let mut out = match u32::from_le_bytes(*srid) {
        0 => String::new(),
        srid => format!("SRID={srid};"),
    };
    let mut reader = Bytes { rest: wkb, little: true };
    reader.shape(&mut out, 0, true).filter(|()| reader.rest.is_empty()).ok_or_else(wrong)?;
    Ok(out)
}

/// What is left of some bytes.
struct Bytes<'b> {
    rest: &'b [u8],
    little: bool,
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        let mut taken = *taken;
        if !self.little {
            taken.reverse();
        }
        Some(taken)
    }

    fn count(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// A shape, with its name or as a part of one that says what its parts are.
    fn shape(&mut self, out: &mut String, depth: u32, named: bool) -> Option<()> {
        self.little = self.take()? == [1];
        let kind = usize::try_from(self.count()?).ok()?.checked_sub(1)?;
        let name = NAMES.get(kind)?;
        out.push_str(if named { name } else { "" });
        if kind == 0 {
            let (before, behind) = if named { ("(", ")") } else { ("", "") };
            out.push_str(before);
            self.point(out)?;
            out.push_str(behind);
            return Some(());
        }
        match kind {
            1 => self.several(out, named, Self::point),
            2 => self.several(out, named, |bytes, out| bytes.several(out, false, Self::point)),
            _ if depth >= DEPTH => None,
            3..=5 => self.several(out, named, |bytes, out| bytes.shape(out, DEPTH, false)),
            _ => self.several(out, named, |bytes, out| bytes.shape(out, depth + 1, true)),
        }
    }

    fn several(
        &mut self,
        out: &mut String,
        named: bool,
        part: impl Fn(&mut Self, &mut String) -> Option<()>,
    ) -> Option<()> {
        let count = self.count()?;
        if count == 0 {
            out.push_str(if named { " EMPTY" } else { "EMPTY" });
            return Some(());
        }
        for at in 0..count {
            out.push(if at == 0 { '(' } else { ',' });
            part(self, out)?;
        }
        out.push(')');
        Some(())
    }

    fn point(&mut self, out: &mut String) -> Option<()> {
        let (x, y) = (f64::from_le_bytes(self.take()?), f64::from_le_bytes(self.take()?));
        number(out, x);
        out.push(' ');
        number(out, y);
        Some(())
    }
}

/// The shortest text that is read as the same number.
fn number(out: &mut String, number: f64) {
    let size = number.abs();
    let written =
        if number == 0.0 || (1e-5..1e15).contains(&size) { write!(out, "{number}") } else { write!(out, "{number:e}") };
    // Writing to a text cannot fail.
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_come_back_as_they_were_written() {
        for text in [
            "POINT(1 2)",
            "POINT(-0.1 1e300)",
            "SRID=4326;POINT(52.5 13.25)",
            "LINESTRING(0 0,1 1,2.5 -3)",
            "POLYGON((0 0,10 0,10 10,0 0),(1 1,2 1,2 2,1 1))",
            "MULTIPOINT(1 1,2 2)",
            "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
            "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))",
            "GEOMETRYCOLLECTION(POINT(1 1),GEOMETRYCOLLECTION(LINESTRING(0 0,1 1)),MULTIPOINT(1 2))",
            "GEOMETRYCOLLECTION EMPTY",
        ] {
            assert_eq!(decode(&encode(text).unwrap()).unwrap(), text);
        }
        let other = "srid=4326; multipoint ( (1.0 +1), ( 2e0 2 ) ) ";
        assert_eq!(decode(&encode(other).unwrap()).unwrap(), "SRID=4326;MULTIPOINT(1 1,2 2)");
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        let deep = format!("{}POINT(1 1){}", "GEOMETRYCOLLECTION(".repeat(40), ")".repeat(40));
        for text in ["", "POINT", "POINT(1)", "POINT(1 2 3)", "POINT(1 2", "CIRCLE(1 2)", "POINT(1 2)x", "POINT(1 nan)"]
        {
            assert!(encode(text).unwrap_err().to_string().contains("WKT"), "{text}");
        }
        assert!(encode(&deep).is_err());
        for bytes in [&[][..], &[0; 4], &[0; 21], &encode("LINESTRING(0 0,1 1)").unwrap()[..30]] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn both_orders_of_bytes_are_read() {
        let mut bytes = vec![0, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend(1_f64.to_be_bytes());
        bytes.extend(2_f64.to_be_bytes());
        assert_eq!(decode(&bytes).unwrap(), "POINT(1 2)");
    }
}
