//! The places of values in a statement, `$1` and so on, as PostgreSQL's scanner finds them; see "Lexical Structure" in its
//! manual.

/// The highest number of a place; 0 where there is none.
pub(super) fn highest(sql: &str) -> u32 {
    let (mut rest, mut highest, mut in_word) = (sql.as_bytes(), 0, false);
    while let Some((&first, behind)) = rest.split_first() {
        let length = match (first, behind.first()) {
            (b'\'', _) => quoted(rest, b'\'', false),
            (b'"', _) => quoted(rest, b'"', false),
            (b'E' | b'e', Some(b'\'')) if !in_word => 1 + quoted(behind, b'\'', true),
            (b'-', Some(b'-')) => position(rest, b"\n"),
            (b'/', Some(b'*')) => comment(rest),
            (b'$', Some(b'0'..=b'9')) if !in_word => {
                let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
                highest = highest.max(number(behind.get(..digits).unwrap_or_default()));
                1 + digits
            }
            (b'$', _) if !in_word => dollar_quoted(rest),
            _ => 1,
        };
        in_word = length == 1 && is_of_word(first);
        rest = rest.get(length..).unwrap_or_default();
    }
    highest
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'$')
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number: u32, digit| number.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
}

/// The bytes up to where something begins, or all.
fn position(text: &[u8], wanted: &[u8]) -> usize {
    text.windows(wanted.len()).position(|part| part == wanted).unwrap_or(text.len())
}

/// The length of what is quoted. Of a quote that is doubled the other half begins it anew.
fn quoted(text: &[u8], quote: u8, has_escapes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' if has_escapes => at += 1,
            byte if byte == quote && has_escapes && text.get(at) == Some(&quote) => at += 1,
            byte if byte == quote => break,
            _ => {}
        }
    }
    at
}

/// The length of a comment, in which there may be others.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 && at < text.len() {
        match text.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

/// The length of `$tag$…$tag$`, or of the sign alone.
fn dollar_quoted(text: &[u8]) -> usize {
    let word = text.iter().skip(1).take_while(|byte| is_of_word(**byte) && **byte != b'$').count();
    match text.get(..word + 2) {
        Some(tag) if tag.ends_with(b"$") => {
            let inner = text.get(tag.len()..).unwrap_or_default();
            tag.len() + (position(inner, tag) + tag.len()).min(inner.len())
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_outside_of_what_is_quoted() {
        for (sql, expected) in [
            ("SELECT 1", 0),
            ("SELECT $1, $3::int+$2", 3),
            ("SELECT ($65536)", 65_536),
            ("SELECT $99999999999", u32::MAX),
            ("SELECT '$9', $1", 1),
            ("SELECT 'it''s $9', $1", 1),
            (r"SELECT 'back\', $2, '$9'", 2),
            (r"SELECT E'it\'s $9', e'\\', $2, E'a''$9'", 2),
            (r"SELECT type'\', $2", 2),
            (r#"SELECT "a$9""$9", $1"#, 1),
            ("SELECT $1 -- $9\n, $2", 2),
            ("SELECT $1 -- $9", 1),
            ("SELECT /* $9 /* */ $9 */ $1 - $2 / $3", 3),
            ("SELECT $$ $9 ' $$, $1", 1),
            ("SELECT $tag$ $9 $$ $9 $tag$, $1", 1),
            ("SELECT $ä$ $9 $ä$, $1", 1),
            ("SELECT a$9, ä$9, $1", 1),
            ("SELECT '$9", 0),
            ("SELECT $x$ $9", 0),
            ("SELECT /* $9", 0),
            (r"SELECT E'\", 0),
            ("$", 0),
        ] {
            assert_eq!(highest(sql), expected, "{sql}");
        }
    }
}
