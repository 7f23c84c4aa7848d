//! Expressions as MySQL's dictionary keeps them: escaped once more as a whole (`_utf8mb4\'it\\\'s\'`), and with every
//! byte of their UTF-8 taken for a character. `SHOW CREATE TABLE` undoes both, the views of `information_schema` do not.

/// Makes of such a text the expression that it stands for.
pub(super) fn undo(text: &mut String) {
    let whole = decoded(text).unwrap_or_else(|| text.clone());
    *text = unescaped(&whole);
}

/// The characters whose bytes are the characters of a text; none where they cannot be.
fn decoded(text: &str) -> Option<String> {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok()
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => out.extend(chars.next().map(|next| match next {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'Z' => '\u{1a}',
                other => other,
            })),
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn expressions_are_as_they_were_written() {
        for (kept, written) in [
            ("(`a` > 1)", "(`a` > 1)"),
            (r"concat(`a`,_utf8mb4\'-\')", "concat(`a`,_utf8mb4'-')"),
            (r"(`k` <> _utf8mb4\'it\\\'s\')", r"(`k` <> _utf8mb4'it\'s')"),
            (r"(`a` <> _utf8mb4\'\\n\\\\\')", r"(`a` <> _utf8mb4'\n\\')"),
            ("(`a` <> _utf8mb4\\'\u{c3}\u{bc}\u{f0}\u{9f}\u{a6}\u{80}\\')", "(`a` <> _utf8mb4'ü🦀')"),
            // Were it ever kept as it is.
            ("(`a` <> _utf8mb4\\'ü€\\')", "(`a` <> _utf8mb4'ü€')"),
        ] {
            let mut text = kept.to_owned();
            super::undo(&mut text);
            assert_eq!(text, written);
        }
    }
}
