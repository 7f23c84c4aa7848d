//! Words of a text, and how they are joined again.
//!
//! Splits like `heck`, except that letters are what Rust allows in identifiers: vowel signs of Indic scripts stay, and
//! digits in circles go.

/// The words of a text in lower case: split at everything that no identifier can hold, at underscores and where the
/// case changes (`HTTPServer_2fa` → `http`, `server`, `2fa`).
pub(super) fn words(text: &str) -> Vec<String> {
    let text: String = text.chars().map(usual).collect();
    text.split(|c| !is_word(c)).flat_map(split_case).map(|word| lower(&word)).filter(|word| !word.is_empty()).collect()
}

/// The usual form of a letter of which keyboards have another one as well: rustc warns of that in names.
fn usual(c: char) -> char {
    match c {
        'ª' => 'a',
        'º' => 'o',
        'µ' => 'μ',
        // Full-width forms, in the order of ASCII.
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// Joins words with underscores.
pub(super) fn snake(words: &[String]) -> String {
    words.join("_")
}

/// Joins words in UpperCamelCase. An underscore stays between two digits, so that `t_1_2` and `t_12` differ.
pub(super) fn camel(words: &[String]) -> String {
    let mut name = String::new();
    for word in words {
        let mut chars = word.chars();
        let Some(first) = chars.next() else { continue };
        if is_digit(first) && name.ends_with(is_digit) {
            name.push('_');
        }
        name.extend(first.to_uppercase().filter(|c| is_word(*c)));
        name.push_str(chars.as_str());
    }
    name
}

/// Roman numerals are numbers with a case.
fn is_digit(c: char) -> bool {
    c.is_numeric() && !c.is_uppercase() && !c.is_lowercase()
}

/// Whether a text is an identifier, raw or not, keyword or not.
pub(super) fn is_identifier(text: &str) -> bool {
    starts_identifier(text) && text.chars().all(is_continue)
}

/// Whether an identifier can begin as this text does.
pub(super) fn starts_identifier(text: &str) -> bool {
    text.chars().next().is_some_and(|c| match c {
        '_' => true,
        c if c.is_ascii() => c.is_ascii_alphabetic(),
        c => lexes(&c.to_string()),
    })
}

/// Names for the signs at the ends of a text, where they tell labels apart; the text unchanged otherwise.
pub(super) fn spell_ends(text: &str) -> String {
    if !text.chars().any(is_word) {
        return text.to_owned();
    }
    let core = text.trim_matches(|c| !is_word(c));
    let (before, after) = text.split_once(core).unwrap_or(("", ""));
    let spell = |signs: &str| {
        signs.chars().filter(|c| SIGNS.contains(*c)).map(|c| format!(" {} ", name_of(c))).collect::<String>()
    };
    format!("{}{core}{}", spell(before), spell(after))
}

/// The words of a text that has no letters: the names of its characters.
pub(super) fn spelled(text: &str) -> Vec<String> {
    text.chars().flat_map(|c| name_of(c).split('_').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Signs that distinguish one label from another.
const SIGNS: &str = "+-#%<>=*&@$~^|/\\";

fn name_of(c: char) -> String {
    let name = match c {
        ' ' => "space",
        '\t' => "tab",
        '\n' => "newline",
        '!' => "bang",
        '"' => "quote",
        '#' => "hash",
        '$' => "dollar",
        '%' => "percent",
        '&' => "and",
        '\'' => "apostrophe",
        '(' => "open",
        ')' => "close",
        '*' => "star",
        '+' => "plus",
        ',' => "comma",
        '-' => "minus",
        '.' => "dot",
        '/' => "slash",
        ':' => "colon",
        ';' => "semicolon",
        '<' => "less",
        '=' => "equal",
        '>' => "greater",
        '?' => "question",
        '@' => "at",
        '[' => "open_bracket",
        '\\' => "backslash",
        ']' => "close_bracket",
        '^' => "caret",
        '_' => "underscore",
        '`' => "backtick",
        '{' => "open_brace",
        '|' => "pipe",
        '}' => "close_brace",
        '~' => "tilde",
        c => return format!("u{:x}", u32::from(c)),
    };
    name.to_owned()
}

/// Splits where lower case turns to upper case, and before the last capital of a run of them.
fn split_case(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for (at, &c) in chars.iter().enumerate() {
        let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let before_is_upper = at > 0 && chars.get(at - 1).is_some_and(|before| before.is_uppercase());
        if c.is_uppercase() && (lower || (before_is_upper && next_is_lower)) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_lowercase() || c.is_uppercase() {
            lower = c.is_lowercase();
        }
        word.push(c);
    }
    words.push(word);
    words
}

/// Letters without a lower case of their own are dropped: rustc would call the name not snake case.
fn lower(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).filter(|c| is_word(*c) && !c.is_uppercase()).collect()
}

/// Letters, digits and marks that an identifier can hold. Combining accents are not among them: rustc composes
/// identifiers, so that `é` in two characters would be the same name as in one. Nor are joiners, which nobody sees.
fn is_word(c: char) -> bool {
    c != '_'
        && !matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '\u{200c}' | '\u{200d}')
        && is_continue(c)
}

fn is_continue(c: char) -> bool {
    if c.is_ascii() { c == '_' || c.is_ascii_alphanumeric() } else { lexes(&format!("a{c}")) }
}

/// Asks the lexer, which knows the tables of the Unicode standard.
fn lexes(text: &str) -> bool {
    syn::parse_str::<proc_macro2::Ident>(text).is_ok_and(|ident| ident == text)
}
