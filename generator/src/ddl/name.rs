//! Names of indexes and keys that the schema leaves unnamed.

use crate::output::hash::Hash;

/// The shortest of the databases' limits (PostgreSQL), in bytes.
const MAX: usize = 63;

/// `<table>_<columns>_<suffix>`, cut to 63 bytes with a hash of the whole name where it is longer.
pub(super) fn made<'a>(table: &str, columns: impl Iterator<Item = &'a str>, suffix: &str) -> String {
    let mut stem = table.to_owned();
    for column in columns {
        stem.push('_');
        stem.push_str(column);
    }
    let full = format!("{stem}_{suffix}");
    if full.len() <= MAX { full } else { cut(&stem, &full, suffix) }
}

/// A made name with a hash of the definition in it, for when the plain one is taken.
pub(super) fn distinct(name: &str, definition: &str, suffix: &str) -> String {
    let stem = name.strip_suffix(suffix).and_then(|name| name.strip_suffix('_')).unwrap_or(name);
    cut(stem, definition, suffix)
}

fn cut(stem: &str, hashed: &str, suffix: &str) -> String {
    let hash = format!("{:016x}", Hash::of(hashed.as_bytes()).value());
    let tail = format!("_{}_{suffix}", hash.get(..8).unwrap_or(&hash));
    let mut end = stem.len().min(MAX.saturating_sub(tail.len()));
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", stem.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        assert_eq!(made("post", ["a", "b"].into_iter(), "idx"), "post_a_b_idx");
        let first = made(&"é".repeat(40), ["one"].into_iter(), "idx");
        let second = made(&"é".repeat(40), ["two"].into_iter(), "idx");
        assert!(first.len() <= 63 && second.len() <= 63, "{first} {second}");
        assert_ne!(first, second);
        assert!(first.ends_with("_idx"));
    }
}
