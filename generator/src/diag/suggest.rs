//! Finds what a misspelt word was meant to be.

/// The candidate that a misspelt word most likely stands for; the first one of several that are equally near.
#[must_use]
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    // Of one letter, every other letter would be a misspelling.
    let letters = word.chars().count();
    let limit = (letters / 3).clamp(1, 3).min(letters.saturating_sub(1));
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Help for an unknown word: the likely spelling, or else the list of what is known.
#[must_use]
pub fn suggest_help<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 24;
    let known: Vec<&str> = candidates.into_iter().collect();
    if let Some(meant) = suggest(word, known.iter().copied()) {
        return format!("did you mean `{meant}`?");
    }
    if known.is_empty() {
        return format!("there are no {what} here");
    }
    let listed = known.iter().take(SHOWN).map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let more = if known.len() > SHOWN { ", …" } else { "" };
    format!("known {what} are {listed}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["columns", "relations", "comment"];
        assert_eq!(suggest("colums", keys), Some("columns"));
        assert_eq!(suggest("Comment", keys), Some("comment"));
        assert_eq!(suggest("relatoins", keys), Some("relations"));
        assert_eq!(suggest("xyz", keys), None);
        assert_eq!(suggest("", keys), None);
        assert_eq!((suggest("a", ["b"]), suggest("a", ["A"]), suggest("ab", ["ac"])), (None, Some("A"), Some("ac")));
    }

    #[test]
    fn help_lists_what_is_known() {
        assert_eq!(suggest_help("colums", "keys", ["columns"]), "did you mean `columns`?");
        assert_eq!(suggest_help("zzzzz", "keys", ["a1", "b1"]), "known keys are `a1`, `b1`");
        assert_eq!(suggest_help("zzzzz", "keys", []), "there are no keys here");
    }
}
