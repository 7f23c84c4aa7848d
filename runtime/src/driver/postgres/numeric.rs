//! PostgreSQL's `numeric` on the wire: groups of four decimal digits around the point.

use crate::value::Decimal;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// What a numeric can be beside a number, or why it is none.
#[derive(Debug, PartialEq)]
pub(super) enum Odd {
    NotANumber,
    Infinite,
    /// More digits than a [`Decimal`] holds.
    TooLong,
    /// Not the form that PostgreSQL documents.
    Garbled,
}

/// Reads a number.
pub(super) fn read(bytes: &[u8]) -> Result<Decimal, Odd> {
    let mut words = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let mut word = || words.next().ok_or(Odd::Garbled);
    let (groups, weight, sign, scale) = (word()?, word()?.cast_signed(), word()?, word()?);
    match sign {
        0 | NEGATIVE => {}
        NAN => return Err(Odd::NotANumber),
        INFINITY | MINUS_INFINITY => return Err(Odd::Infinite),
        _ => return Err(Odd::Garbled),
    }
    // All digits that are sent end this many places behind the point; the scale is how many of them count.
    let places = 4 * (i32::from(groups) - 1 - i32::from(weight));
    let shift = i32::from(scale) - if groups == 0 { 0 } else { places };
    let mut mantissa: i128 = 0;
    for at in 0..groups {
        // The last group is filled up with zeros, which could be too much for the whole number.
        let unused = if at + 1 == groups { (-shift).clamp(0, 3).unsigned_abs() } else { 0 };
        let digits = i128::from(word()?) / 10_i128.pow(unused);
        mantissa = mantissa
            .checked_mul(10_i128.pow(4 - unused))
            .and_then(|mantissa| mantissa.checked_add(digits))
            .ok_or(Odd::TooLong)?;
    }
    if mantissa != 0 && shift > 0 {
        let factor = 10_i128.checked_pow(shift.unsigned_abs());
        mantissa = factor.and_then(|factor| mantissa.checked_mul(factor)).ok_or(Odd::TooLong)?;
    }
    Ok(Decimal { mantissa: if sign == NEGATIVE { -mantissa } else { mantissa }, scale: scale.into() })
}

/// The same number in its first digits, without those behind the point that are too many for a [`Decimal`]; `None` where
/// those before it are.
pub(super) fn front(bytes: &[u8]) -> Option<Vec<u8>> {
    // 32 digits, of which up to three are zeros in front.
    const GROUPS: u16 = 8;
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let (all, weight, sign) = (word(0)?, word(2)?.cast_signed(), word(4)?);
    let groups = all.min(GROUPS);
    let places = 4 * (i32::from(groups) - 1 - i32::from(weight));
    if places < 0 && groups < all {
        return None;
    }
    let mut out = Vec::with_capacity(8 + 2 * usize::from(groups));
    head(&mut out, groups, weight, sign, u16::try_from(places).unwrap_or(0));
    out.extend_from_slice(bytes.get(8..8 + 2 * usize::from(groups))?);
    Some(out)
}

/// Writes a number; `false` when it has too many digits behind the point.
pub(super) fn write(out: &mut Vec<u8>, value: Decimal) -> bool {
    let Ok(scale) = u16::try_from(value.scale) else { return false };
    if scale > 0x3FFF {
        return false;
    }
    let digits = value.mantissa.unsigned_abs().to_string();
    let behind = usize::from(scale);
    let digits = format!("{digits:0>width$}", width = behind + 1);
    let (whole, fraction) = digits.split_at(digits.len() - behind);
    let mut groups: Vec<u16> = Vec::with_capacity(12);
    let width = whole.len().next_multiple_of(4);
    push_groups(&mut groups, &format!("{whole:0>width$}"));
    let width = fraction.len().next_multiple_of(4);
    push_groups(&mut groups, &format!("{fraction:0<width$}"));
    let mut weight = i16::try_from(whole.len().div_ceil(4)).unwrap_or(i16::MAX) - 1;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).unwrap_or(0);
    let sign = if value.mantissa < 0 { NEGATIVE } else { 0 };
    let weight = if groups.is_empty() { 0 } else { weight };
    head(out, u16::try_from(groups.len()).unwrap_or(u16::MAX), weight, sign, scale);
    groups.iter().for_each(|group| out.extend_from_slice(&group.to_be_bytes()));
    true
}

/// Writes NaN or an infinity.
pub(super) fn write_odd(out: &mut Vec<u8>, value: f64) {
    let sign = if value.is_nan() {
        NAN
    } else if value > 0.0 {
        INFINITY
    } else {
        MINUS_INFINITY
    };
    head(out, 0, 0, sign, 0);
}

fn head(out: &mut Vec<u8>, groups: u16, weight: i16, sign: u16, scale: u16) {
    for word in [groups, weight.cast_unsigned(), sign, scale] {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

fn push_groups(groups: &mut Vec<u16>, digits: &str) {
    for chunk in digits.as_bytes().chunks(4) {
        groups.push(chunk.iter().fold(0, |group, digit| group * 10 + u16::from(digit - b'0')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[i32]) -> Vec<u8> {
        words.iter().flat_map(|word| u16::try_from(word & 0xFFFF).unwrap().to_be_bytes()).collect()
    }

    fn written(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(write(&mut out, Decimal::parse(text).unwrap()));
        out
    }

    #[test]
    fn numbers_look_as_the_server_writes_them() {
        assert_eq!(written("0"), words(&[0, 0, 0, 0]));
        assert_eq!(written("0.00"), words(&[0, 0, 0, 2]));
        assert_eq!(written("12345.678"), words(&[3, 1, 0, 3, 1, 2345, 6780]));
        assert_eq!(written("-0.0001"), words(&[1, -1, 0x4000, 4, 1]));
        assert_eq!(written("0.00000001"), words(&[1, -2, 0, 8, 1]));
        assert_eq!(written("100000000"), words(&[1, 2, 0, 0, 1]));
    }

    #[test]
    fn all_numbers_come_back() {
        let longest = i128::MAX.to_string();
        let small = format!("0.{longest}");
        for text in ["0", "0.00", "1", "-1", "9999", "10000", "0.5", "-12.50", "123456789.000001", &longest, &small] {
            assert_eq!(read(&written(text)).unwrap().to_string(), *text);
        }
        let mut out = Vec::new();
        assert!(!write(&mut out, Decimal { mantissa: 1, scale: 20_000 }));
    }

    #[test]
    fn what_is_no_number_is_told_apart() {
        for (value, odd) in
            [(f64::NAN, Odd::NotANumber), (f64::INFINITY, Odd::Infinite), (-f64::INFINITY, Odd::Infinite)]
        {
            let mut out = Vec::new();
            write_odd(&mut out, value);
            assert_eq!(read(&out), Err(odd));
        }
        assert_eq!(read(&[]), Err(Odd::Garbled));
        assert_eq!(read(&words(&[2, 0, 0, 0, 1])), Err(Odd::Garbled));
        assert_eq!(read(&words(&[1, 30, 0, 0, 1])), Err(Odd::TooLong));
    }
}
